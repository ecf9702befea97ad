import { describe, expect, it } from 'vitest';
import { reconcileAfterMs } from './deadline.ts';
import { end, openDraft, put } from './draft.ts';
import { nodeOf } from './frame.ts';
import {
  type Assignment,
  apply,
  compileDefinition,
  createWorkflow,
  type Decision,
  decide,
  isNothing,
  type JobFacts,
  limits,
  type Outcome,
  type Workflow,
  type WorkflowEvent,
} from './index.ts';

const minute = 60_000;
type Step = Decision & { readonly dispatches: readonly Assignment[] };

/** A started workflow of these nodes, at time 0. */
function started(
  nodes: readonly object[],
  rest: { readonly result?: unknown; readonly params?: Record<string, never> | Record<string, string>; readonly timeout_ms?: number } = {},
): { workflow: Workflow; decision: Step } {
  const { params = {}, ...document } = rest;
  const compiled = compileDefinition({ name: 'test', version: 1, nodes, ...document });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  const { type } = compiled;
  const workflow = createWorkflow(
    { id: 'wf', type: 'test', version: 1, definitionHash: type.hash, fingerprint: '', params, caller: 'somebody', createdAt: 0 },
    type,
  );
  return { workflow, decision: take(workflow, 0, { kind: 'started' }) };
}

function take(workflow: Workflow, now: number, ...events: WorkflowEvent[]): Step {
  const decision = decide(workflow, events, now);
  apply(workflow, decision.patch);
  return { ...decision, dispatches: decision.effects.flatMap((effect) => (effect.kind === 'dispatch' ? [effect.assignment] : [])) };
}

function reply(subtaskId: string, outcome: Outcome, generation = 0): WorkflowEvent {
  return {
    kind: 'settled',
    report: { workflowId: 'wf', subtaskId, generation, outcome, execution: { agent: 'a-1', attempt: 2, startedAt: 1, finishedAt: 2 } },
  };
}

const completed = (subtaskId: string, result: string | object | null = null, generation = 0) =>
  reply(subtaskId, { status: 'completed', result: result as never }, generation);
const failed = (subtaskId: string) => reply(subtaskId, { status: 'failed', error: { code: 'BROKEN', message: 'It broke.' } });
const checked = (subtaskId: string, facts: JobFacts, generation = 0): WorkflowEvent => ({ kind: 'checked', subtaskId, generation, facts });

const diamond = [
  { id: 'a', capability: 'c' },
  { id: 'b', capability: 'c', params: { x: '$steps.a.x' } },
  { id: 'c', capability: 'c', needs: ['a'] },
  { id: 'd', capability: 'c', params: { all: ['$steps.b', '$steps.c'] } },
];

describe('start', () => {
  it('dispatches the roots with everything an agent needs, and sets the deadlines', () => {
    const { decision } = started([{ id: 'a', capability: 'data.fetch', params: { from: '$params.source', cost: '$$5' }, ttl_ms: 1_000 }], {
      params: { source: 's.csv' },
      timeout_ms: 5 * minute,
    });
    expect(decision.dispatches).toEqual([
      {
        workflowId: 'wf',
        workflowType: 'test@1',
        partition: expect.any(Number),
        subtaskId: 'a',
        generation: 0,
        capability: 'data.fetch',
        parameters: { from: 's.csv', cost: '$5' },
        parametersBytes: 28,
        retry: { attempts: 3, backoffMs: 1_000, backoffMsMax: 30_000, jitter: 0.5 },
        attemptTimeoutMs: 5 * minute,
        ttlMs: 1_000,
        issuedAt: 0,
      },
    ]);
    expect(decision.patch.deadlines).toEqual([
      { subtaskId: null, at: 5 * minute },
      { subtaskId: 'a', at: 1_000 },
    ]);
    expect(decision.patch.events.map(({ type }) => type)).toEqual(['workflow_started', 'subtask_assigned']);
  });

  it('happens once', () => {
    const { workflow } = started(diamond);
    expect(isNothing(take(workflow, 1, { kind: 'started' }))).toBe(true);
  });

  it('stops at the first root that cannot be dispatched', () => {
    const { workflow, decision } = started([
      { id: 'a', capability: 'c', params: { x: '$params.absent' } },
      { id: 'b', capability: 'c' },
    ]);
    expect(decision.dispatches).toEqual([]);
    expect(workflow.state).toMatchObject({ status: 'failed', error: { code: 'SUBTASK_FAILED', details: { subtask_id: 'a', code: 'UNRESOLVED_REFERENCE' } } });
    expect(workflow.subtasks.get('b')).toMatchObject({ status: 'cancelled' });
  });

  it('fails a subtask whose parameters are too large', () => {
    const params = { long: 'x'.repeat(limits.payloadBytesMax / 2) };
    const { workflow } = started([{ id: 'a', capability: 'c', params: { x: '$params.long', y: '$params.long' } }], { params });
    expect(workflow.subtasks.get('a')).toMatchObject({ status: 'failed_permanent', error: { code: 'PAYLOAD_TOO_LARGE' } });
  });
});

describe('settle', () => {
  it('dispatches what became ready, with the results it refers to', () => {
    const { workflow } = started(diamond);
    expect(take(workflow, 1, completed('a', { x: 7 })).dispatches).toMatchObject([{ subtaskId: 'b', parameters: { x: 7 } }, { subtaskId: 'c' }]);
    expect(take(workflow, 2, completed('b', 'B')).dispatches).toEqual([]);
    expect(take(workflow, 3, completed('c', 'C')).dispatches).toMatchObject([{ subtaskId: 'd', parameters: { all: ['B', 'C'] } }]);
    const last = take(workflow, 4, completed('d', 'D'));
    expect(workflow.state).toEqual({ status: 'completed', endedAt: 4, result: { d: 'D' } });
    expect(last.patch.deadlines).toContainEqual({ subtaskId: null, at: 4 + workflow.type.definition.retention_ms });
    expect(last.patch.events).toEqual([
      { type: 'subtask_completed', at: 4, subtaskId: 'd', generation: 0, capability: 'c', agent: 'a-1', attempt: 2, durationMs: 1 },
      { type: 'workflow_completed', at: 4, durationMs: 4 },
    ]);
  });

  it('settles siblings of one batch in one decision', () => {
    const { workflow } = started(diamond);
    take(workflow, 1, completed('a', { x: 7 }));
    expect(take(workflow, 2, completed('b'), completed('c')).dispatches).toMatchObject([{ subtaskId: 'd' }]);
  });

  it('answers with what the definition says', () => {
    const { workflow } = started([{ id: 'a', capability: 'c' }], {
      result: { uri: '$steps.a.uri', all: '$steps.a', region: '$params.region', gone: '$context.gone?' },
      params: { region: 'EMEA' },
    });
    take(workflow, 1, completed('a', { uri: 'file:///r' }));
    expect(workflow.state).toMatchObject({ status: 'completed', result: { uri: 'file:///r', all: { uri: 'file:///r' }, region: 'EMEA' } });
  });

  it('fails when the result refers to nothing', () => {
    const { workflow } = started([{ id: 'a', capability: 'c' }], { result: '$steps.a.uri' });
    take(workflow, 1, completed('a', {}));
    expect(workflow.state).toMatchObject({ status: 'failed', error: { code: 'UNRESOLVED_REFERENCE' } });
  });

  it('ignores what came before, came too late, or answers another generation', () => {
    const { workflow } = started(diamond);
    take(workflow, 1, completed('a', { x: 7 }));
    for (const event of [completed('a'), completed('b', null, 1), completed('d', null, 1), checked('a', { state: 'missing' })])
      expect(isNothing(take(workflow, 2, event))).toBe(true);
    take(workflow, 3, failed('b'));
    for (const event of [completed('c'), failed('c'), checked('c', { state: 'missing' }), { kind: 'workflow_deadline_passed' } as const]) {
      expect(isNothing(take(workflow, 4, event))).toBe(true);
    }
  });

  it('fails the workflow with the subtask, cancels the rest and takes their deadlines away', () => {
    const { workflow } = started(diamond);
    take(workflow, 1, completed('a', { x: 7 }));
    const { patch, dispatches } = take(workflow, 2, failed('b'), completed('c'));
    expect(dispatches).toEqual([]);
    expect(workflow.state).toEqual({
      status: 'failed',
      endedAt: 2,
      error: { code: 'SUBTASK_FAILED', message: 'Subtask "b" failed: It broke.', details: { subtask_id: 'b', code: 'BROKEN' } },
    });
    expect([...workflow.subtasks].map(([id, { status }]) => [id, status])).toEqual([
      ['a', 'completed'],
      ['b', 'failed_permanent'],
      ['c', 'cancelled'],
      ['d', 'cancelled'],
    ]);
    expect(patch.deadlines.filter(({ at }) => at === null).map(({ subtaskId }) => subtaskId)).toEqual(['b', 'c']);
    expect(patch.events.map(({ type }) => type)).toEqual(['subtask_failed', 'subtask_cancelled', 'subtask_cancelled', 'workflow_failed']);
  });

  it('takes a result that does not fit the output schema for a failure', () => {
    const output = { type: 'object', properties: { uri: { type: 'string' } }, required: ['uri'], additionalProperties: false };
    const { workflow } = started([{ id: 'a', capability: 'c', output }]);
    take(workflow, 1, completed('a', { url: 'x' }));
    expect(workflow.subtasks.get('a')).toMatchObject({
      status: 'failed_permanent',
      error: { code: 'INVALID_OUTPUT', details: { problems: [{ code: 'required' }, { code: 'additionalProperties' }], output: { url: 'x' } } },
    });
  });

  it('takes a reply without an execution, as a reconciliation may bring it', () => {
    const { workflow } = started(diamond.slice(0, 1));
    const { patch } = take(workflow, 1, {
      kind: 'settled',
      report: { workflowId: 'wf', subtaskId: 'a', generation: 0, outcome: { status: 'completed', result: 1 } },
    });
    expect(patch.events[0]).toMatchObject({ agent: null, attempt: null });
  });

  it('stops dispatching dependents when one of them cannot be dispatched', () => {
    const { workflow } = started([
      { id: 'a', capability: 'c' },
      { id: 'b', capability: 'c', params: { x: '$steps.a.absent' } },
      { id: 'c', capability: 'c', needs: ['a'] },
    ]);
    expect(take(workflow, 1, completed('a', {})).dispatches).toEqual([]);
    expect(workflow.subtasks.get('c')?.status).toBe('cancelled');
  });

  it('withdraws a dispatch of the same decision when a sibling fails in it', () => {
    const { workflow } = started([
      { id: 'a', capability: 'c' },
      { id: 'b', capability: 'c', needs: ['a'] },
      { id: 'x', capability: 'c' },
    ]);
    const { dispatches, patch } = take(workflow, 1, completed('a', null), failed('x'));
    expect(dispatches).toEqual([]);
    expect(patch.subtasks.find(([id]) => id === 'b')?.[1].status).toBe('cancelled');
  });
});

describe('deadlines', () => {
  const node = { id: 'a', capability: 'c', ttl_ms: 2 * minute, timeout_ms: 10 * minute };
  const active: JobFacts = { state: 'active', agent: 'x', attempt: 1, startedAt: 1, progress: null };

  it('times the workflow out, and not a moment early', () => {
    const { workflow } = started(diamond, { timeout_ms: 1_000 });
    expect(take(workflow, 999, { kind: 'workflow_deadline_passed' }).patch).toMatchObject({ subtasks: [], deadlines: [{ subtaskId: null, at: 1_000 }] });
    take(workflow, 1_000, { kind: 'workflow_deadline_passed' });
    expect(workflow.state).toMatchObject({ status: 'timed_out', error: { code: 'WORKFLOW_TIMEOUT' } });
    expect([...workflow.subtasks.values()].every(({ status }) => status === 'cancelled')).toBe(true);
  });

  const check = (name: string, now: number, facts: JobFacts, expected: object | null, nextAt?: number) =>
    it(`a check ${name}`, () => {
      const { workflow } = started([node]);
      const { patch, dispatches } = take(workflow, now, checked('a', facts));
      if (expected !== null) expect(workflow.subtasks.get('a')).toMatchObject(expected);
      if (nextAt !== undefined) expect(patch.deadlines).toEqual([{ subtaskId: 'a', at: nextAt }]);
      if (facts.state === 'missing' && expected === null) expect(dispatches).toMatchObject([{ generation: 1, ttlMs: 2 * minute, issuedAt: now }]);
    });

  check('looks again in a while at a job that waits', minute, { state: 'queued', position: null }, null, 2 * minute);
  check('looks again in a while at a job that runs', 3 * minute, active, null, 3 * minute + reconcileAfterMs);
  check('looks again at the end of the subtask', 9 * minute + 30_000, active, null, 10 * minute);
  check(
    'lets a job that was started before its time to live wait for its next attempt',
    3 * minute,
    { state: 'delayed', until: 0, attemptsMade: 1, lastError: null },
    null,
    4 * minute,
  );
  check(
    'expires a job that nobody took',
    2 * minute,
    { state: 'queued', position: null },
    { status: 'failed_permanent', error: { code: 'ASSIGNMENT_EXPIRED' } },
  );
  check('fails a subtask that is over its time', 10 * minute, active, { status: 'failed_permanent', error: { code: 'SUBTASK_TIMEOUT' } });
  check('dispatches a lost job again, as another generation with a time to live of its own', minute, { state: 'missing' }, null);
  check(
    'believes a completed job, even when it is over its time',
    11 * minute,
    { state: 'completed', report: { workflowId: 'wf', subtaskId: 'a', generation: 0, outcome: { status: 'completed', result: 5 } } },
    { status: 'completed', result: 5 },
  );
  check(
    'fails on a completed job that says nothing',
    minute,
    { state: 'completed', report: null },
    { status: 'failed_permanent', error: { code: 'INVALID_REPLY' } },
  );
  check('fails on a job that the queue gave up', minute, { state: 'failed', reason: 'stalled' }, { status: 'failed_permanent', error: { code: 'AGENT_LOST' } });

  it('takes the answer of the new generation only, and gives a job up that is lost again and again', () => {
    const { workflow } = started([node]);
    take(workflow, 1, checked('a', { state: 'missing' }));
    expect(isNothing(take(workflow, 2, completed('a')))).toBe(true);
    expect(workflow.subtasks.get('a')).toMatchObject({ status: 'assigned', generation: 1, assignedAt: 0 });
    workflow.subtasks.set('a', { status: 'assigned', generation: limits.generationsMax, assignedAt: 0, issuedAt: 0 });
    take(workflow, 3, checked('a', { state: 'missing' }, limits.generationsMax));
    expect(workflow.subtasks.get('a')).toMatchObject({ status: 'failed_permanent', error: { code: 'DISPATCH_LOST' } });
  });
});

describe('bugs', () => {
  it('stops at a move that the state machine does not have, an unknown subtask and a second end', () => {
    const { workflow } = started(diamond.slice(0, 1));
    take(workflow, 1, completed('a'));
    const draft = openDraft(workflow, 2);
    expect(() => put(draft, 'a', { status: 'assigned', generation: 1, assignedAt: 2, issuedAt: 2 })).toThrow('subtask a cannot go from completed to assigned');
    expect(() => nodeOf(draft, 'zz')).toThrow('no subtask zz');
    expect(() => end(draft, { status: 'completed', endedAt: 2, result: null })).toThrow('has ended already');
  });
});
