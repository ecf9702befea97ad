/**
 * Looks at what was started until it has ended, before its retention is over: what it came to, what its log says, and some seconds later that none of that
 * has changed. Children are looked at with the workflow that they are the work of.
 */
import { isDeepStrictEqual } from 'node:util';
import { childIdOf, dispatchId, type EventEntry, hasEnded, type RecordedEvent, type Workflow, type WorkflowStore } from '@baton/core';
import { brokenRules } from './log-rules.ts';
import type { Ending } from './model.ts';

export interface Collected {
  readonly ended: number;
  readonly subtasks: number;
  /** Dispatches that were completed, by capability. */
  readonly completed: ReadonlyMap<string, readonly string[]>;
  /** When nothing happened in a workflow for long, longest first; approvals, signals and pauses are the driver's own. */
  readonly quiet: readonly Quiet[];
}

export interface Quiet {
  readonly workflowId: string;
  readonly ms: number;
  /** What ended it. */
  readonly until: RecordedEvent;
}

export interface Collector {
  add(id: string, expected: Ending): void;
  isOver(id: string): boolean;
  readonly open: ReadonlySet<string>;
  /** One look at all that is open; whoever asks while there is one gets that. */
  look(): Promise<void>;
  collected(): Collected;
}

export interface CollectorOptions {
  readonly store: WorkflowStore;
  readonly onFinding: (finding: string) => void;
}

/** After its end, and well before its retention is over. */
const secondLookMs = 6_000;
const eventsMax = 10_000;
const quietMsMin = 1_000;
const waits: readonly string[] = ['subtask_waiting', 'workflow_paused'];

interface Ended {
  readonly at: number;
  readonly hash: string;
  readonly revision: number;
}

export function createCollector({ store, onFinding }: CollectorOptions): Collector {
  const open = new Map<string, Ending>();
  const fresh = new Map<string, Ended>();
  const seen = new Set<string>();
  const completed = new Map<string, string[]>();
  const quiet: Quiet[] = [];
  let [over, subtasks] = [0, 0];
  const started = new Set<string>();
  let looking: Promise<void> | null = null;

  async function lookAt(id: string, expected: Ending): Promise<void> {
    const summary = await store.summary(id);
    if (summary === null) {
      // A start that was accepted as a job need not be there yet.
      if (seen.has(id)) close(id, 'it was gone before anybody could look at it');
      return;
    }
    seen.add(id);
    if (!hasEnded(summary.state)) return;
    const workflow = await store.load(id);
    if (workflow === null) return close(id, 'it was gone right after its end');
    const { state } = workflow;
    const ending: Ending = {
      status: state.status,
      result: state.status === 'completed' ? state.result : undefined,
      errorCode: 'error' in state ? state.error.code : undefined,
    };
    if (!isDeepStrictEqual(ending, expected)) {
      const details = 'error' in state ? ` ${JSON.stringify(state.error)}` : '';
      onFinding(`${id} came to ${JSON.stringify(ending)}${details}, and without faults comes to ${JSON.stringify(expected)}\n${await storyOf(id)}`);
    }
    await audit(workflow);
    over += 1;
    open.delete(id);
    fresh.set(id, { at: performance.now(), hash: workflow.eventHash, revision: workflow.revision });
  }

  function close(id: string, finding: string): void {
    onFinding(`${id}: ${finding}`);
    open.delete(id);
  }

  async function audit(workflow: Workflow): Promise<void> {
    const { id } = workflow.header;
    const entries = await store.events(id, null, eventsMax);
    for (const broken of brokenRules(workflow, entries)) onFinding(`${id}: ${broken}\n${storyIn(entries)}`);
    note(id, entries);
    for (const [subtaskId, subtask] of workflow.subtasks) {
      if (!('execution' in subtask) || subtask.execution?.agent.startsWith('workflow/') !== true) continue;
      const child = await store.load(childIdOf(id, subtaskId, subtask.generation));
      if (child !== null) await audit(child);
    }
  }

  function note(id: string, entries: readonly EventEntry[]): void {
    const log = entries.flatMap(({ events }) => events);
    for (const [index, event] of log.entries()) {
      const before = log[index - 1];
      const ms = before === undefined || waits.includes(before.type) ? 0 : event.at - before.at;
      if (ms >= quietMsMin) quiet.push({ workflowId: id, ms, until: event });
      if (event.type !== 'subtask_completed') continue;
      subtasks += 1;
      const list = completed.get(event.capability) ?? [];
      completed.set(event.capability, list);
      list.push(dispatchId(id, event.subtaskId, event.generation));
    }
  }

  /** What has ended stays as it is. */
  async function lookAgain(id: string, ended: Ended): Promise<void> {
    if (performance.now() < ended.at + secondLookMs) return;
    fresh.delete(id);
    const workflow = await store.load(id);
    if (workflow === null) return onFinding(`${id} was gone before its retention was over`);
    if (workflow.eventHash !== ended.hash || workflow.revision !== ended.revision) onFinding(`${id} changed after its end:\n${await storyOf(id)}`);
  }

  async function lookAtAll(): Promise<void> {
    await Promise.all([...[...open].map(([id, expected]) => lookAt(id, expected)), ...[...fresh].map(([id, ended]) => lookAgain(id, ended))]);
  }

  async function storyOf(id: string): Promise<string> {
    return storyIn(await store.events(id, null, eventsMax));
  }

  return {
    add(id, expected) {
      open.set(id, expected);
      started.add(id);
    },
    isOver: (id) => started.has(id) && !open.has(id),
    get open() {
      return new Set(open.keys());
    },
    look() {
      looking ??= lookAtAll().finally(() => (looking = null));
      return looking;
    },
    collected: () => ({ ended: over, subtasks, completed, quiet: quiet.toSorted((one, other) => other.ms - one.ms) }),
  };
}

function storyIn(entries: readonly EventEntry[]): string {
  return entries.flatMap(({ id, events }) => events.map((event) => `  ${id} ${JSON.stringify(event)}`)).join('\n');
}
