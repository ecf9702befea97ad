/** What a workflow waits for without an agent: people, signals, time. What comes before it is waited for is kept in the inbox. */
import { resolvedFor } from './assign.ts';
import type { ApprovalNode, SignalNode, SleepNode } from './definition.ts';
import { type Answered, type Draft, generationOf, put } from './draft.ts';
import { findNode, nodeOf } from './frame.ts';
import type { Json, JsonObject } from './json.ts';
import { limits } from './limits.ts';
import { valueAt } from './reference.ts';
import { conclude, fail } from './settle.ts';
import { type Answer, isSettled, type Subtask, type WaitingFor, type WaitingSubtask } from './subtask.ts';
import { hasEnded, type InboxItem } from './workflow.ts';

function wait(draft: Draft, id: string, until: number, waitingFor: WaitingFor): void {
  put(draft, id, { status: 'waiting', generation: generationOf(draft, id), assignedAt: draft.now, for: waitingFor });
  draft.deadlines.set(id, until);
  draft.events.push({ type: 'subtask_waiting', at: draft.now, subtaskId: id, for: waitingFor.kind, until });
}

export function beginApproval(draft: Draft, id: string, node: ApprovalNode): void {
  // It goes out with a webhook, and to whoever asks for approvals.
  const shown = resolvedFor(draft, id, node.params, limits.heldInlineBytesMax);
  if (shown === null) return;
  const expiresAt = draft.now + node.timeout_ms;
  wait(draft, id, expiresAt, { kind: 'approval', expiresAt, shown: shown.value as JsonObject, answers: [] });
  const { header, now } = draft;
  if (node.webhook !== undefined) {
    const told = { url: node.webhook, shown: shown.value as JsonObject, approvers: node.approvers, expiresAt, issuedAt: now };
    draft.effects.set(id, {
      kind: 'notify',
      notification: { workflowId: header.id, workflowType: `${header.type}@${header.version}`, subtaskId: id, generation: generationOf(draft, id), ...told },
    });
  }
  for (const item of inboxOf(draft)) {
    if (item.kind !== 'answer' || item.subtaskId !== id) continue;
    draft.inbox.set(item.id, null);
    count(draft, id, node, item.answer, false);
  }
}

export function beginSignal(draft: Draft, id: string, node: SignalNode): void {
  const early = inboxOf(draft).find((item) => item.kind === 'signal' && item.signal === node.signal);
  const expiresAt = draft.now + node.timeout_ms;
  wait(draft, id, expiresAt, { kind: 'signal', signal: node.signal, expiresAt });
  if (early?.kind !== 'signal') return;
  take(draft, early);
  conclude(draft, id, early.payload);
}

export function beginSleep(draft: Draft, id: string, node: SleepNode): void {
  const given = resolvedFor(draft, id, (node.for_ms ?? node.until) as Json);
  if (given === null) return;
  const until = node.for_ms === undefined ? Date.parse(typeof given.value === 'string' ? given.value : '') : draft.now + Number(given.value);
  if (!Number.isFinite(until) || until > draft.now + limits.timeoutMsMax) {
    return fail(draft, id, {
      code: 'BAD_TIME',
      message: `${JSON.stringify(given.value)} is no ${node.for_ms === undefined ? 'time like 2026-01-31T08:00:00Z' : 'number of milliseconds'} within the next ${limits.timeoutMsMax} ms.`,
    });
  }
  if (until <= draft.now) return conclude(draft, id, null);
  wait(draft, id, until, { kind: 'sleep', until });
}

/** The time is up, or it is not and the subtask is looked at again later. */
export function expire(draft: Draft, id: string, { for: what }: WaitingSubtask): void {
  const until = what.kind === 'sleep' ? what.until : what.expiresAt;
  if (draft.now < until) return void draft.deadlines.set(id, until);
  const node = nodeOf(draft, id);
  if (what.kind === 'sleep') return conclude(draft, id, null);
  if (node.kind === 'signal' && node.on_expiry === 'complete') return conclude(draft, id, null);
  if (node.kind === 'approval' && what.kind === 'approval') {
    if (node.on_expiry === 'approve') return conclude(draft, id, verdict(true, what.answers, what.shown, true));
    if (node.on_expiry === 'reject') return rejected(draft, id, node, what.answers, what.shown, true);
  }
  fail(draft, id, { code: 'EXPIRED', message: `Nothing came within ${node.timeout_ms} ms.` });
}

/** Somebody answers an approval. An answer for one that has not begun is kept; the same answer twice counts once. */
export function answer(draft: Draft, eventId: string, subtaskId: string, given: Answer): Answered {
  const node = findNode(draft, subtaskId);
  if (node?.kind === 'approval' && hasDecided(draft.get(subtaskId), given)) return { outcome: 'unchanged' };
  if (hasEnded(draft.state)) return { outcome: 'refused', message: `The workflow has ended ${draft.state.status}.` };
  if (node?.kind !== 'approval') return { outcome: 'refused', message: `There is no approval "${subtaskId}" in this workflow.` };
  if (node.approvers.length > 0 && !node.approvers.includes(given.by))
    return { outcome: 'refused', message: `"${given.by}" is none of the approvers: ${node.approvers.join(', ')}.` };
  const subtask = draft.get(subtaskId);
  if (isSettled(subtask)) return { outcome: 'refused', message: 'The approval is decided already.' };
  if (subtask?.status === 'waiting') return count(draft, subtaskId, node, given, true);
  return keep(draft, { kind: 'answer', id: eventId, subtaskId, answer: given });
}

/** Is this answer one of those that decided it? Who sent it may not know that it came, and send it again. */
function hasDecided(subtask: Subtask | undefined, { by, decision }: Answer): boolean {
  const record =
    subtask?.status === 'completed' ? valueAt(subtask.result, ['answers']) : subtask?.status === 'failed_permanent' ? subtask.error.details : undefined;
  return Array.isArray(record) && (record as readonly Partial<Answer>[]).some((counted) => counted.by === by && counted.decision === decision);
}

/** A signal wakes the first subtask that waits for its name; if none does, it is kept for the next that will. */
export function signal(draft: Draft, item: Extract<InboxItem, { kind: 'signal' }>): Answered {
  if (hasEnded(draft.state)) return { outcome: 'refused', message: `The workflow has ended ${draft.state.status}.` };
  if (isKnown(draft, item.id)) return { outcome: 'unchanged' };
  const waiting = [...draft.workflow.subtasks.keys(), ...draft.subtasks.keys()].find((id) => {
    const subtask = draft.get(id);
    return subtask?.status === 'waiting' && subtask.for.kind === 'signal' && subtask.for.signal === item.signal;
  });
  if (waiting === undefined) return keep(draft, item);
  draft.events.push({ type: 'signal_received', at: draft.now, signal: item.signal, by: item.by });
  take(draft, item);
  conclude(draft, waiting, item.payload);
  return { outcome: 'applied' };
}

/** Its id is remembered: who sent it may not know that it came, and send it again. */
function take(draft: Draft, item: Extract<InboxItem, { kind: 'signal' }>): void {
  draft.inbox.set(item.id, { ...item, payload: null, taken: true });
}

function isKnown(draft: Draft, eventId: string): boolean {
  return draft.inbox.has(eventId) || draft.workflow.inbox.has(eventId);
}

function keep(draft: Draft, item: InboxItem): Answered {
  if (isKnown(draft, item.id)) return { outcome: 'unchanged' };
  if (inboxOf(draft).length >= limits.inboxMax) return { outcome: 'refused', message: `${limits.inboxMax} signals and answers wait already.` };
  draft.inbox.set(item.id, item);
  if (item.kind === 'signal') draft.events.push({ type: 'signal_received', at: draft.now, signal: item.signal, by: item.by });
  else draft.events.push({ type: 'approval_answered', at: draft.now, subtaskId: item.subtaskId, by: item.answer.by, decision: item.answer.decision });
  return { outcome: 'applied', message: 'It came early and is kept.' };
}

function count(draft: Draft, id: string, node: ApprovalNode, given: Answer, isNew: boolean): Answered {
  const subtask = draft.get(id);
  if (subtask?.status !== 'waiting' || subtask.for.kind !== 'approval') return { outcome: 'refused', message: 'The approval is decided already.' };
  const { answers: before, shown } = subtask.for;
  const earlier = before.find(({ by }) => by === given.by);
  if (earlier !== undefined)
    return earlier.decision === given.decision
      ? { outcome: 'unchanged' }
      : { outcome: 'refused', message: `"${given.by}" has answered already: ${earlier.decision}.` };
  const answers = [...before, given];
  put(draft, id, { ...subtask, for: { ...subtask.for, answers } });
  if (isNew) draft.events.push({ type: 'approval_answered', at: draft.now, subtaskId: id, by: given.by, decision: given.decision });
  const approvals = answers.filter(({ decision }) => decision === 'approve').length;
  const rejections = answers.length - approvals;
  if (approvals >= node.required) conclude(draft, id, verdict(true, answers, shown, false));
  else if (rejections > Math.max(0, node.approvers.length - node.required)) rejected(draft, id, node, answers, shown, false);
  return { outcome: 'applied' };
}

function rejected(draft: Draft, id: string, { on_reject }: ApprovalNode, answers: readonly Answer[], shown: JsonObject, isExpired: boolean): void {
  if (on_reject === 'complete') return conclude(draft, id, verdict(false, answers, shown, isExpired));
  const by = answers.filter(({ decision }) => decision === 'reject').map((each) => (each.comment === undefined ? each.by : `${each.by} (${each.comment})`));
  fail(draft, id, {
    code: 'APPROVAL_REJECTED',
    message: isExpired ? 'Nobody approved in time.' : `Rejected by ${by.join(', ')}.`,
    details: answers as unknown as Json,
  });
}

/** The last edit wins; without one, the value that was shown. */
function verdict(isApproved: boolean, answers: readonly Answer[], shown: JsonObject, isExpired: boolean): Json {
  const edited = answers.findLast((each) => each.decision === 'approve' && each.value !== undefined);
  return { approved: isApproved, value: edited?.value ?? shown['value'] ?? null, expired: isExpired, answers: answers as unknown as Json };
}

/** What still waits to be wanted, oldest first. */
function inboxOf(draft: Draft): readonly InboxItem[] {
  const items = new Map<string, InboxItem | null>([...draft.workflow.inbox, ...draft.inbox]);
  return [...items.values()].filter((item): item is InboxItem => item !== null && !('taken' in item)).toSorted((a, b) => at(a) - at(b));
}

function at(item: InboxItem): number {
  return item.kind === 'signal' ? item.at : item.answer.at;
}
