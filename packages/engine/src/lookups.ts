/** What is found out before something overdue is decided: how the jobs stand, the workflows that are a step's work, and those above. */
import {
  askedCapability,
  boardOf,
  childIdOf,
  type DispatchRef,
  type DueDeadline,
  findNode,
  hasEnded,
  isMarked,
  type JobFacts,
  NewerSchemaError,
  type OutboxEntry,
  parentKey,
  type Report,
  type SubtaskQueue,
  type Workflow,
  type WorkflowEvent,
  type WorkflowState,
  type WorkflowStore,
  type WorkflowSummary,
} from '@baton/core';
import type { Events } from './advance.ts';

export type Workflows = ReadonlyMap<string, Workflow>;
type Due = DueDeadline | OutboxEntry;

export interface Lookups {
  /** Of everything that somebody else is doing: how it stands. The queue is asked about jobs, the store about workflows. */
  dispatches(workflows: Workflows, entries: readonly Due[]): Promise<Events>;
  /** Of workflows that are the work of a step, and whose turn it is to look: what became of the one above. */
  parents(workflows: Workflows, due: readonly DueDeadline[]): Promise<Events>;
}

export function createLookups(store: WorkflowStore, queue: SubtaskQueue): Lookups {
  /** Asks about everything that somebody else is doing: the queue about jobs, the store about workflows. */
  async function dispatches(workflows: Workflows, entries: readonly Due[]): Promise<Events> {
    const refs = entries.flatMap((entry) => currentDispatch(workflows, entry) ?? []);
    const jobs = refs.filter((ref) => !isChild(workflows, ref));
    const facts = jobs.length === 0 ? [] : await queue.facts(jobs);
    const children = await Promise.all(refs.filter((ref) => isChild(workflows, ref)).map(async (ref) => ({ ref, facts: await childFacts(ref) })));
    const found = [...jobs.map((ref, index) => ({ ref, facts: facts[index] as JobFacts })), ...children];
    const events = Map.groupBy(found, ({ ref }) => ref.workflowId);
    return new Map(
      [...events].map(([id, own]) => [
        id,
        own.map(({ ref, facts: each }): WorkflowEvent => ({ kind: 'checked', subtaskId: ref.subtaskId, generation: ref.generation, facts: each })),
      ]),
    );
  }

  /** A workflow that is a subtask's work, seen as a job. */
  async function childFacts({ workflowId, subtaskId, generation }: DispatchRef): Promise<JobFacts> {
    const child = await unlessNewer(store.summary(childIdOf(workflowId, subtaskId, generation)));
    // Newer processes are at it, and will tell of its end.
    if (child === 'newer') return { state: 'active', agent: null, attempt: 1, startedAt: null, progress: null };
    if (child === null) return { state: 'missing' };
    if (!hasEnded(child.state)) return { state: 'active', agent: null, attempt: 1, startedAt: child.header.createdAt, progress: null };
    return { state: 'completed', report: { workflowId, subtaskId, generation, outcome: outcomeOf(child.state, child) } };
  }

  async function parents(workflows: Workflows, due: readonly DueDeadline[]): Promise<Events> {
    const own = due.flatMap(({ workflowId, subtaskId }) => (subtaskId === parentKey ? (workflows.get(workflowId) ?? []) : []));
    return new Map(
      await Promise.all(
        own.map(
          async (workflow): Promise<[string, readonly WorkflowEvent[]]> => [workflow.header.id, [{ kind: 'parent_checked', parent: await parentOf(workflow) }]],
        ),
      ),
    );
  }

  async function parentOf({ header: { parent } }: Workflow): Promise<'alive' | 'paused' | 'gone'> {
    const above = parent === undefined ? null : await unlessNewer(store.load(parent.workflowId));
    if (above === 'newer') return 'alive';
    const subtask = parent === undefined ? undefined : above?.subtasks.get(parent.subtaskId);
    if (above === null || subtask?.status !== 'assigned' || subtask.generation !== parent?.generation) return 'gone';
    return above.state.status === 'paused' ? 'paused' : 'alive';
  }

  return { dispatches, parents };
}

function outcomeOf(state: Extract<WorkflowState, { endedAt: number }>, { header, isLost }: WorkflowSummary): Report['outcome'] {
  if (isLost)
    return { status: 'failed', error: { code: 'PAYLOAD_LOST', message: `The result of the workflow "${header.id}" was kept out of line and is gone.` } };
  return state.status === 'completed' ? { status: 'completed', result: state.result } : { status: 'failed', error: state.error };
}

async function unlessNewer<Value>(found: Promise<Value>): Promise<Value | 'newer'> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof NewerSchemaError) return 'newer';
    throw error;
  }
}

function currentDispatch(workflows: Workflows, entry: Due): DispatchRef | null {
  const { workflowId, subtaskId } = entry;
  const workflow = workflows.get(workflowId);
  if (workflow === undefined || subtaskId === null) return null;
  const subtask = workflow.subtasks.get(subtaskId);
  if ((subtask?.status !== 'assigned' && !isMarked(subtask)) || ('generation' in entry && entry.generation !== subtask.generation)) return null;
  return { workflowId, subtaskId, generation: subtask.generation, capability: askedCapability(boardOf(workflow), subtaskId) };
}

function isChild(workflows: Workflows, { workflowId, subtaskId }: DispatchRef): boolean {
  const workflow = workflows.get(workflowId);
  return workflow !== undefined && findNode(boardOf(workflow), subtaskId)?.kind === 'workflow';
}
