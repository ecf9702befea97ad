/** What must be true once everything has come to rest: the record explains every end, nothing was lost, and nothing is left behind. */
import { type Answer, hasEnded, isSettled, type Json, nextEventHash, partitionCount, type Subtask } from '@baton/core';
import { BrokenInvariant } from './ledger.ts';
import type { LedgerPage } from './ledger-page.ts';
import type { World } from './simulation.ts';

export async function verdict(world: World): Promise<void> {
  for (const [id, page] of world.ledger.pages) {
    await logIsWhole(world, id, page);
    recordExplains(id, page);
    parentExplains(world, id, page);
  }
  answersCounted(world);
  await nothingLeft(world);
}

function broken(message: string): never {
  throw new BrokenInvariant(message);
}

/** The chain of hashes, and that the store holds what was committed. */
async function logIsWhole({ store }: World, id: string, page: LedgerPage): Promise<void> {
  const entries = await store.events(id, null, 100_000);
  let hash = '';
  for (const { events, hash: given } of entries) {
    hash = nextEventHash(hash, events);
    if (hash !== given) broken(`${id}: the chain of the event log breaks`);
  }
  const logged = entries.flatMap(({ events }) => events);
  if (JSON.stringify(logged) !== JSON.stringify(page.events)) broken(`${id}: the event log does not hold what was committed`);
  const stored = await store.load(id);
  if (stored?.eventHash !== hash) broken(`${id}: the workflow does not carry the hash of its last event`);
  if (JSON.stringify(stored.state) !== JSON.stringify(page.workflow.state)) broken(`${id}: the store holds another state than was committed`);
}

const last = { completed: 'subtask_completed', failed_permanent: 'subtask_failed', skipped: 'subtask_skipped', cancelled: 'subtask_cancelled' } as const;

/** From the log alone one can tell how everything ended. */
function recordExplains(id: string, { workflow: { state, subtasks }, events }: LedgerPage): void {
  if (!hasEnded(state)) broken(`${id}: it has not ended`);
  if (events.filter(({ type }) => type === 'workflow_started').length !== 1) broken(`${id}: it was not started exactly once`);
  const ends = events.findLast(({ type }) => type.startsWith('workflow_'));
  if (ends?.type !== `workflow_${state.status}`) broken(`${id}: it is ${state.status}, but the log ends with ${ends?.type}`);
  for (const [subtaskId, subtask] of subtasks) {
    const settled = events.findLast((event) => 'subtaskId' in event && event.subtaskId === subtaskId && (Object.values(last) as string[]).includes(event.type));
    if (isSettled(subtask) && settled?.type !== last[subtask.status]) broken(`${id}: ${subtaskId} is ${subtask.status}, but the log says ${settled?.type}`);
  }
  let isPaused = false;
  for (const { type } of events) {
    if (type === 'workflow_paused' && isPaused) broken(`${id}: it was paused twice`);
    if (type === 'workflow_resumed' && !isPaused) broken(`${id}: it was resumed, but not paused`);
    if (type.startsWith('workflow_')) isPaused = type === 'workflow_paused';
  }
}

/** A child looks after its parent every minute, and time goes by in steps. */
const orphanMsMax = 61_000;

/** A child ends with the step that it is the work of, or within one look at its parent, and what completes the step has completed. */
function parentExplains({ ledger, calmSince }: World, id: string, { workflow: { header, state } }: LedgerPage): void {
  const { parent } = header;
  if (parent === undefined || !hasEnded(state)) return;
  const step = ledger.pages.get(parent.workflowId)?.workflow.subtasks.get(parent.subtaskId);
  if (step === undefined) return broken(`${id}: there is no step ${parent.subtaskId} in ${parent.workflowId}`);
  if (step.status === 'completed' && step.generation === parent.generation && state.status !== 'completed') {
    broken(`${id}: it is ${state.status}, but its step ${parent.subtaskId} is completed`);
  }
  if (!isSettled(step) || step.generation !== parent.generation) return;
  if (state.endedAt > Math.max(step.settledAt, header.createdAt, calmSince) + orphanMsMax)
    broken(`${id}: it outlived its step ${parent.subtaskId}, which is ${step.status}`);
}

/** Whoever was told that his answer counts finds it in what the approval came to, or in why it came to nothing. */
function answersCounted({ clients, ledger }: World): void {
  for (const { workflowId, subtaskId, by } of clients.applied) {
    const page = ledger.pages.get(workflowId);
    if (page === undefined) continue;
    if (!page.events.some((event) => event.type === 'approval_answered' && event.subtaskId === subtaskId && event.by === by)) {
      broken(`${workflowId}: the answer of ${by} to ${subtaskId} was applied, but is not in the log`);
    }
    if (page.events.some(({ type }) => type === 'workflow_retried')) continue;
    const subtask = page.workflow.subtasks.get(subtaskId);
    if (subtask !== undefined && isLost(page, subtaskId, subtask, by)) broken(`${workflowId}: the answer of ${by} to ${subtaskId} was applied and lost`);
  }
}

/** What came after enough others is not lost; what came before one that was counted is, and so is what would have been enough before the time ran out. */
function isLost({ workflow: { type }, events }: LedgerPage, id: string, subtask: Subtask, by: string): boolean {
  const given = events.flatMap((event) => (event.type === 'approval_answered' && event.subtaskId === id ? [event] : []));
  const counted = answersOf(subtask);
  const at = given.find((event) => event.by === by)?.at ?? 0;
  if (counted !== null) return counted.every((answer) => answer.by !== by) && counted.some((answer) => answer.at > at);
  const node = type.graph.nodes.get(id);
  const approvals = new Set(given.filter(({ decision }) => decision === 'approve').map((event) => event.by));
  return subtask.status === 'failed_permanent' && subtask.error.code === 'EXPIRED' && node?.kind === 'approval' && approvals.size >= node.required;
}

/** What the approval came to be decided by, where that is recorded. */
function answersOf(subtask: Subtask): readonly Answer[] | null {
  const isRejected = subtask.status === 'failed_permanent' && subtask.error.code === 'APPROVAL_REJECTED';
  const answers = subtask.status === 'completed' ? (subtask.result as { readonly answers: Json }).answers : isRejected ? subtask.error.details : null;
  return (answers ?? null) as unknown as readonly Answer[] | null;
}

/** Once the retention is over, nothing of it all is left. */
async function nothingLeft({ store, ledger, clock, orchestrators, queue }: World): Promise<void> {
  const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
  for (const partition of partitions) {
    const [entry] = await store.staleOutbox(partition, Number.POSITIVE_INFINITY, 1);
    if (entry !== undefined) broken(`${entry.workflowId}: ${entry.subtaskId} is left in the outbox`);
    for (const { workflowId, subtaskId } of await store.dueDeadlines(partition, Number.POSITIVE_INFINITY, 10_000)) {
      if (subtaskId !== null) broken(`${workflowId}: a deadline of ${subtaskId} is left`);
    }
  }
  if (queue.unsettled() > 0) broken(`${queue.unsettled()} replies are left in the streams`);
  clock.advance(8 * 24 * 3_600_000);
  // Twice: the first finds what it had in its memory to be out of date.
  await orchestrators[0]?.engine.tick(partitions);
  await orchestrators[0]?.engine.tick(partitions);
  const [left] = (await store.list({ limit: 1 })).workflows;
  if (left !== undefined) broken(`${left.header.id}: it is there after its retention`);
  for (const partition of partitions) {
    const [deadline] = await store.dueDeadlines(partition, Number.POSITIVE_INFINITY, 1);
    if (deadline !== undefined) broken(`${deadline.workflowId}: a deadline is left after its retention`);
  }
  for (const id of ledger.pages.keys()) if ((await store.load(id)) !== null) broken(`${id}: it can still be loaded`);
}
