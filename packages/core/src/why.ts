/** Why a subtask is not finished: one reason with its facts, from the state and from what the queue says. Pure; shown by `baton workflow why`. */
import { askedCapability, type Board, findNode, nodeOf } from './frame.ts';
import { needsOf } from './graph.ts';
import type { Json } from './json.ts';
import type { CapabilityFacts, JobFacts } from './ports.ts';
import type { AssignedSubtask, RunningSubtask, Subtask } from './subtask.ts';
import { isSettled } from './subtask.ts';
import { partOfPlan, placeOf, siblingOf } from './subtask-id.ts';
import { noTally, partsKey, settledIn } from './tally.ts';
import { hasEnded, type Workflow } from './workflow.ts';

export const waitingReasons = [
  'deps',
  'paused',
  'not_sent',
  'no_agent',
  'concurrency_limit',
  'queued',
  'running',
  'retry_backoff',
  'newer_agent',
  'overloaded',
  'child_workflow',
  'parts',
  'awaiting_approval',
  'awaiting_signal',
  'sleeping',
  'reply_underway',
] as const;
export type WaitingReason = (typeof waitingReasons)[number];

export interface Waiting {
  readonly subtaskId: string;
  readonly reason: WaitingReason;
  readonly facts: { readonly [fact: string]: Json };
  readonly message: string;
}

export interface QueueFacts {
  /** By subtask. */
  readonly jobs: ReadonlyMap<string, JobFacts>;
  readonly capabilities: ReadonlyMap<string, CapabilityFacts>;
}

export function boardOf(workflow: Workflow): Board {
  return { header: workflow.header, type: workflow.type, get: (id) => workflow.subtasks.get(id), view: () => workflow.view };
}

/** A map of 10,000 has as many reasons; nobody reads them, and each asks the queue. */
const reasonsMax = 500;

/** What is not settled, in the order of the definition and then of the parts, up to a bound; nothing once the workflow has ended. */
export function unsettledIds(workflow: Workflow): readonly string[] {
  if (hasEnded(workflow.state)) return [];
  const planned = [...workflow.subtasks].flatMap(([id, subtask]) =>
    subtask.status === 'running' && subtask.parts.kind === 'plan' ? subtask.parts.nodes.map((node) => partOfPlan(id, node.id)) : [],
  );
  const ids = new Set([...workflow.type.graph.nodes.keys(), ...workflow.subtasks.keys(), ...planned]);
  const board = boardOf(workflow);
  return [...ids].filter((id) => !isSettled(workflow.subtasks.get(id)) && findNode(board, id) !== undefined).slice(0, reasonsMax);
}

/** @param facts of those that are assigned among `unsettledIds` */
export function whyWaiting(workflow: Workflow, facts: QueueFacts): readonly Waiting[] {
  const board = boardOf(workflow);
  return unsettledIds(workflow).map((id) => ({ subtaskId: id, ...reasonOf(workflow, board, id, facts) }));
}

type Reason = Omit<Waiting, 'subtaskId'>;

function reasonOf(workflow: Workflow, board: Board, id: string, facts: QueueFacts): Reason {
  const subtask = workflow.subtasks.get(id);
  if (subtask === undefined) return pendingReason(workflow, board, id);
  switch (subtask.status) {
    case 'assigned':
      return assignedReason(board, id, subtask, facts);
    case 'retrying':
      return {
        reason: 'overloaded',
        facts: { until: iso(subtask.until), times: subtask.tries.overloads },
        message: `its agents are overloaded; next try at ${iso(subtask.until)}`,
      };
    case 'waiting':
      return waitingReason(subtask);
    case 'running':
      return partsReason(workflow, id, subtask);
    case 'pending':
    case 'completed':
    case 'failed_permanent':
    case 'skipped':
    case 'cancelled':
      return pendingReason(workflow, board, id);
  }
}

function pendingReason(workflow: Workflow, board: Board, id: string): Reason {
  const place = placeOf(id);
  const needs = place.in === 'map' || place.in === 'loop' ? [] : needsOf(nodeOf(board, id)).map((need) => siblingOf(place, need));
  const open = needs.filter((need) => !isSettled(workflow.subtasks.get(need)));
  if (open.length > 0) return { reason: 'deps', facts: { deps: open }, message: `waits for ${open.join(', ')}` };
  const { state } = workflow;
  if (state.status === 'paused')
    return { reason: 'paused', facts: { by: state.by, since: iso(state.pausedAt) }, message: `the workflow was paused by ${state.by}` };
  return { reason: 'not_sent', facts: {}, message: 'is about to be sent' };
}

function assignedReason(board: Board, id: string, subtask: AssignedSubtask, { jobs, capabilities }: QueueFacts): Reason {
  if (nodeOf(board, id).kind === 'workflow')
    return { reason: 'child_workflow', facts: { since: iso(subtask.assignedAt) }, message: 'its own workflow is at work' };
  const capability = askedCapability(board, id);
  const job = jobs.get(id) ?? { state: 'missing' };
  const served = capabilities.get(capability);
  switch (job.state) {
    case 'active':
      return {
        reason: 'running',
        facts: { agent: job.agent, attempt: job.attempt },
        message: `${job.agent ?? 'an agent'} is at work (attempt ${job.attempt})`,
      };
    case 'delayed':
      // Nothing but agents that cannot read it delays a job which has not been tried.
      if (job.attemptsMade === 0)
        return {
          reason: 'newer_agent',
          facts: { capability },
          message: `was sent by a newer version than its agents are; start newer agents for ${capability}`,
        };
      return {
        reason: 'retry_backoff',
        facts: { until: iso(job.until), attempts_made: job.attemptsMade, last_error: job.lastError },
        message: `failed ${job.attemptsMade} times, next attempt at ${iso(job.until)}${job.lastError === null ? '' : `: ${job.lastError}`}`,
      };
    case 'missing':
      return { reason: 'not_sent', facts: {}, message: 'is on its way to the queue' };
    case 'completed':
    case 'failed':
      return { reason: 'reply_underway', facts: {}, message: 'is done; its reply is about to be settled' };
    case 'queued':
      return queuedReason(capability, job.position, served);
  }
}

function queuedReason(capability: string, position: number | null, served: CapabilityFacts | undefined): Reason {
  if (served !== undefined && served.agents === 0)
    return { reason: 'no_agent', facts: { capability }, message: `no agent for ${capability} is alive; start one` };
  if (served?.limit !== null && served?.limit !== undefined && served.active >= served.limit) {
    return {
      reason: 'concurrency_limit',
      facts: { capability, limit: served.limit, active: served.active },
      message: `${capability} is limited to ${served.limit} at a time`,
    };
  }
  return {
    reason: 'queued',
    facts: { capability, position, agents: served?.agents ?? null },
    message: `waits in the queue of ${capability}${position === null ? '' : ` at place ${position}`}`,
  };
}

function waitingReason({ for: what }: Extract<Subtask, { status: 'waiting' }>): Reason {
  if (what.kind === 'sleep') return { reason: 'sleeping', facts: { until: iso(what.until) }, message: `sleeps until ${iso(what.until)}` };
  const expires = iso(what.expiresAt);
  if (what.kind === 'signal')
    return { reason: 'awaiting_signal', facts: { signal: what.signal, expires }, message: `waits for the signal "${what.signal}" until ${expires}` };
  return { reason: 'awaiting_approval', facts: { answered_by: what.answers.map(({ by }) => by), expires }, message: `waits for an approval until ${expires}` };
}

function partsReason(workflow: Workflow, id: string, { parts }: RunningSubtask): Reason {
  const settled = settledIn(workflow.tallies.get(partsKey(id)) ?? noTally);
  if (parts.kind === 'loop') return { reason: 'parts', facts: { round: parts.round }, message: `is in round ${parts.round}` };
  const [of, what] = parts.kind === 'map' ? [parts.items.length, 'items'] : [parts.nodes.length, 'planned steps'];
  return { reason: 'parts', facts: { settled, of }, message: `${settled} of ${of} ${what} are settled` };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
