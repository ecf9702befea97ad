/** What people ask of a workflow: control it, answer an approval, signal it, look why it waits. Each is an event like any other. */
import { strict as assert } from 'node:assert';
import {
  type Answer,
  type Answered,
  askedCapability,
  boardOf,
  type Control,
  type DispatchRef,
  findNode,
  type Json,
  type QueueFacts,
  unsettledIds,
  type Waiting,
  type Workflow,
  type WorkflowEvent,
  type WorkflowStatus,
  whyWaiting,
} from '@baton/core';
import type { Advance } from './advance.ts';
import type { EngineDeps } from './deps.ts';
import type { Start, StartOutcome } from './start.ts';
import { isTokenFor, tokenFor } from './token.ts';

export type ControlOutcome = { readonly status: 'not_found' } | ({ readonly status: 'answered'; readonly workflowStatus: WorkflowStatus } & Answered);

/** An approval that waits, or will: with the tokens of those who may answer. Whoever reads this may answer for them. */
export interface OpenApproval {
  readonly subtaskId: string;
  readonly generation: number;
  readonly isWaiting: boolean;
  readonly required: number;
  readonly shown: Json;
  readonly answers: readonly Answer[];
  readonly expiresAt: number | null;
  readonly tokens: Readonly<Record<string, string>>;
}

export interface Controls {
  control(workflowId: string, control: Control, by: string): Promise<ControlOutcome>;
  /** @param token of the approver; a wrong one is refused */
  answer(workflowId: string, subtaskId: string, answer: Omit<Answer, 'at'> & { readonly token: string }): Promise<ControlOutcome>;
  /** @param id the sender's: the same signal twice is one */
  signal(workflowId: string, signal: { readonly id: string; readonly name: string; readonly payload: Json; readonly by: string }): Promise<ControlOutcome>;
  approvals(workflowId: string): Promise<readonly OpenApproval[] | null>;
  /** The same request from the start, as another workflow that says where it comes from. */
  restart(workflowId: string, restart: { readonly as?: string; readonly by: string }): Promise<StartOutcome | { readonly status: 'not_found' }>;
  why(workflowId: string): Promise<{ readonly status: WorkflowStatus; readonly waiting: readonly Waiting[] } | null>;
}

export function createControls({ store, queue, now }: EngineDeps, advance: Advance, start: Start): Controls {
  async function ask(workflowId: string, event: WorkflowEvent): Promise<ControlOutcome> {
    const [answered] = (await advance(new Map([[workflowId, [event]]]))).get(workflowId) ?? [];
    const summary = await store.summary(workflowId);
    if (answered === undefined || summary === null) return { status: 'not_found' };
    return { status: 'answered', workflowStatus: summary.state.status, ...answered };
  }

  return {
    control: (workflowId, control, by) => ask(workflowId, { kind: 'controlled', control, by }),

    async answer(workflowId, subtaskId, { token, ...given }) {
      const workflow = await store.load(workflowId);
      if (workflow === null) return { status: 'not_found' };
      const node = findNode(boardOf(workflow), subtaskId);
      const generation = workflow.subtasks.get(subtaskId)?.generation ?? 0;
      const approver = node?.kind === 'approval' && node.approvers.length === 0 ? '*' : given.by;
      if (!isTokenFor(await store.secret(), { workflowId, subtaskId, generation, approver }, token)) {
        return {
          status: 'answered',
          workflowStatus: workflow.state.status,
          outcome: 'refused',
          message: 'The token is not that of this approver and approval.',
        };
      }
      return await ask(workflowId, { kind: 'answered', id: `${subtaskId}~${generation}~${given.by}`, subtaskId, answer: { ...given, at: now() } });
    },

    signal: (workflowId, { id, name, payload, by }) => ask(workflowId, { kind: 'signalled', id, signal: name, payload, by }),

    async approvals(workflowId) {
      const workflow = await store.load(workflowId);
      return workflow === null ? null : openApprovals(workflow, await store.secret());
    },

    async restart(workflowId, { as, by }) {
      const workflow = await store.load(workflowId);
      if (workflow === null || workflow.lost !== undefined) return notRestarted(workflow?.lost);
      const { params, conversationId } = workflow.header;
      return await start({
        definition: workflow.type.definition as unknown as Json,
        params,
        caller: by,
        restartOf: workflowId,
        ...(as !== undefined && { workflowId: as }),
        ...(conversationId !== undefined && { conversationId }),
      });
    },

    async why(workflowId) {
      const workflow = await store.load(workflowId);
      if (workflow === null) return null;
      return { status: workflow.state.status, waiting: whyWaiting(workflow, await queueFacts(workflow, queue)) };
    },
  };
}

function notRestarted(lost: readonly string[] | undefined): StartOutcome | { readonly status: 'not_found' } {
  if (lost === undefined) return { status: 'not_found' };
  const message = `What was kept out of line of this workflow is gone: ${lost.join(', ')}.`;
  return { status: 'invalid', problems: [{ path: '', code: 'payload_lost', message }] };
}

async function queueFacts(workflow: Workflow, queue: EngineDeps['queue']): Promise<QueueFacts> {
  const board = boardOf(workflow);
  const refs = unsettledIds(workflow).flatMap((subtaskId): DispatchRef[] => {
    const subtask = workflow.subtasks.get(subtaskId);
    if (subtask?.status !== 'assigned' || findNode(board, subtaskId)?.kind === 'workflow') return [];
    return [{ workflowId: workflow.header.id, subtaskId, generation: subtask.generation, capability: askedCapability(board, subtaskId) }];
  });
  if (refs.length === 0) return { jobs: new Map(), capabilities: new Map() };
  const names = [...new Set(refs.map(({ capability }) => capability))];
  const [jobs, capabilities] = await Promise.all([queue.facts(refs), queue.capabilities(names)]);
  assert(jobs.length === refs.length, 'the queue answers for each ref');
  return {
    jobs: new Map(refs.flatMap(({ subtaskId }, index) => (jobs[index] === undefined ? [] : [[subtaskId, jobs[index]]]))),
    capabilities: new Map(capabilities.map((facts) => [facts.capability, facts])),
  };
}

/** Those that wait, and those of the definition that will: an answer may come early. */
function openApprovals(workflow: Workflow, secret: string): readonly OpenApproval[] {
  const board = boardOf(workflow);
  const ids = new Set([...workflow.type.graph.nodes.keys(), ...workflow.subtasks.keys()]);
  return [...ids].flatMap((subtaskId): OpenApproval[] => {
    const node = findNode(board, subtaskId);
    const subtask = workflow.subtasks.get(subtaskId);
    const isPending = subtask === undefined || subtask.status === 'pending';
    const waiting = subtask?.status === 'waiting' && subtask.for.kind === 'approval' ? subtask.for : null;
    if (node?.kind !== 'approval' || (!isPending && waiting === null)) return [];
    const generation = subtask?.generation ?? 0;
    const who = node.approvers.length === 0 ? ['*'] : node.approvers;
    const tokens = Object.fromEntries(who.map((approver) => [approver, tokenFor(secret, { workflowId: workflow.header.id, subtaskId, generation, approver })]));
    const seen = { shown: waiting?.shown ?? {}, answers: waiting?.answers ?? [], expiresAt: waiting?.expiresAt ?? null };
    return [{ subtaskId, generation, isWaiting: waiting !== null, required: node.required, tokens, ...seen }];
  });
}
