/** Reads the log of a workflow that has ended, and those of its children: what is wrong in it, and what the whole run wants to know of it. */
import { childIdOf, dispatchId, type EventEntry, type RecordedEvent, type Workflow, type WorkflowStore } from '@baton/core';
import { brokenRules } from './log-rules.ts';

export interface Quiet {
  readonly workflowId: string;
  readonly ms: number;
  /** What ended it. */
  readonly until: RecordedEvent;
}

export interface Tallied {
  /** That were completed. */
  readonly subtasks: number;
  /** The idempotency keys of the dispatches that were completed, by capability. */
  readonly completed: ReadonlyMap<string, readonly string[]>;
  /** When nothing happened in a workflow for long, longest first; approvals, signals and pauses are the driver's own. */
  readonly quiet: readonly Quiet[];
}

export interface Audit {
  /** It has ended. */
  inspect(workflow: Workflow): Promise<void>;
  tallied(): Tallied;
}

const eventsMax = 10_000;
const quietMsMin = 1_000;
const waits: readonly string[] = ['subtask_waiting', 'workflow_paused'];

export function createAudit(store: WorkflowStore, onFinding: (finding: string) => void): Audit {
  const completed = new Map<string, string[]>();
  const quiet: Quiet[] = [];
  let subtasks = 0;

  function note(id: string, log: readonly RecordedEvent[]): void {
    const keys = new Map<string, string>();
    for (const [index, event] of log.entries()) {
      if (event.type === 'subtask_assigned') keys.set(event.subtaskId, keyOf(id, event, keys.get(event.subtaskId)));
      const before = log[index - 1];
      const ms = before === undefined || waits.includes(before.type) ? 0 : event.at - before.at;
      if (ms >= quietMsMin) quiet.push({ workflowId: id, ms, until: event });
      if (event.type !== 'subtask_completed') continue;
      subtasks += 1;
      const list = completed.get(event.capability) ?? [];
      completed.set(event.capability, list);
      list.push(keys.get(event.subtaskId) ?? dispatchId(id, event.subtaskId, event.generation));
    }
  }

  async function inspect(workflow: Workflow): Promise<void> {
    const { id } = workflow.header;
    const entries = await store.events(id, null, eventsMax);
    for (const broken of brokenRules(workflow, entries)) onFinding(`${id}: ${broken}\n${storyIn(entries)}`);
    note(
      id,
      entries.flatMap(({ events }) => events),
    );
    for (const [subtaskId, subtask] of workflow.subtasks) {
      if (!('execution' in subtask) || !subtask.execution?.agent.startsWith('workflow/')) continue;
      const child = await store.load(childIdOf(id, subtaskId, subtask.generation));
      if (child !== null) await inspect(child);
    }
  }

  return { inspect, tallied: () => ({ subtasks, completed, quiet: quiet.toSorted((one, other) => other.ms - one.ms) }) };
}

/** What was held or lost goes on under the key that it had. */
function keyOf(id: string, { subtaskId, generation, cause }: Extract<RecordedEvent, { type: 'subtask_assigned' }>, before: string | undefined): string {
  return before !== undefined && (cause === 'resumed' || cause === 'lost') ? before : dispatchId(id, subtaskId, generation);
}

/** What happened to it, for people. */
export async function storyOf(store: WorkflowStore, id: string): Promise<string> {
  return storyIn(await store.events(id, null, eventsMax));
}

function storyIn(entries: readonly EventEntry[]): string {
  return entries.flatMap(({ id, events }) => events.map((event) => `  ${id} ${JSON.stringify(event)}`)).join('\n');
}
