/** What can happen to a workflow at random: replies, duplicates, strangers' replies, looks at the queue, time, people. And how it is brought to its end. */
import { askedCapability, boardOf, type Control, hasEnded, type JobFacts, type Json, type JsonObject, nodeOf, type WorkflowEvent } from '@baton/core';
import fc from 'fast-check';
import { checked, completed, type Dispatch, failed, settled, type WorkflowWalk } from './workflow-walk.ts';

export interface Move {
  readonly kind: keyof typeof moves;
  readonly pick: number;
  readonly facts: JobFacts;
}

const facts: fc.Arbitrary<JobFacts> = fc.constantFrom<JobFacts>(
  { state: 'missing' },
  { state: 'queued', position: null },
  { state: 'delayed', until: 1, attemptsMade: 1, lastError: 'x' },
  { state: 'active', agent: 'a', attempt: 1, startedAt: 0, progress: null },
  { state: 'completed', report: null },
  { state: 'failed', reason: 'job stalled more than allowable limit' },
);

export function moveArbitrary(kinds: readonly Move['kind'][] = Object.keys(moves) as Move['kind'][]): fc.Arbitrary<Move> {
  return fc.record({
    kind: fc.oneof(
      { arbitrary: fc.constant<Move['kind']>('complete'), weight: kinds.length },
      { arbitrary: fc.constantFrom(...kinds), weight: 2 * kinds.length },
    ),
    pick: fc.nat(),
    facts,
  });
}

export function make(walk: WorkflowWalk, move: Move): void {
  moves[move.kind](walk, move.pick, move.facts);
}

const moves = {
  complete: (walk: WorkflowWalk, pick: number) => onOpen(walk, pick, (dispatch) => walk.take(completion(walk, dispatch, pick))),
  fail: (walk: WorkflowWalk, pick: number) =>
    onOpen(walk, pick, (dispatch) => walk.take(failed(dispatch, pick % 3 === 0 ? 'INVALID_OUTPUT' : 'HANDLER_FAILED'))),
  overload: (walk: WorkflowWalk, pick: number) =>
    onOpen(walk, pick, (dispatch) => walk.take(settled(dispatch, { status: 'overloaded', retryAfterMs: pick % 1_000 }))),
  hold: (walk: WorkflowWalk, pick: number) => onOpen(walk, pick, (dispatch) => walk.take(settled(dispatch, { status: 'held' }))),
  block: (walk: WorkflowWalk, pick: number) => onOpen(walk, pick, (dispatch) => walk.take(settled(dispatch, { status: 'blocked' }))),
  batch: (walk: WorkflowWalk, pick: number) => void walk.take(...[...walk.open.values()].map((dispatch, index) => completion(walk, dispatch, pick + index))),
  /** A reply and somebody's request in one decision. */
  race(walk: WorkflowWalk, pick: number) {
    const action = (['pause', 'resume', 'terminate', 'pause'] as const)[pick % 4] as 'pause';
    const events = [...walk.open.values()].slice(0, 2).map((dispatch, index) => completion(walk, dispatch, pick + index));
    walk.take(...events, { kind: 'controlled', control: { action }, by: 'somebody' }, ...(pick % 2 === 0 ? events : []));
  },
  check: (walk: WorkflowWalk, pick: number, found: JobFacts) => onOpen(walk, pick, (dispatch) => walk.take(checked(dispatch, found))),
  duplicate(walk: WorkflowWalk, pick: number) {
    const earlier = at(walk.dispatched, pick);
    if (earlier !== undefined && walk.open.get(earlier.subtaskId)?.generation !== earlier.generation) expectNothing(walk, completed(earlier, 'again'));
  },
  stale: (walk: WorkflowWalk, pick: number) =>
    onOpen(walk, pick, (dispatch) => expectNothing(walk, failed({ ...dispatch, generation: dispatch.generation + 1 }))),
  forge(walk: WorkflowWalk, pick: number) {
    onOpen(walk, pick, ({ workflowId, subtaskId, generation }) =>
      expectNothing(walk, {
        kind: 'settled',
        report: { workflowId, subtaskId, generation, outcome: { status: 'completed', result: 'forged' }, capability: 'test.forger' },
      }),
    );
  },
  wait: (walk: WorkflowWalk, pick: number) => void (walk.now += pick % 7_200_000),
  tick,
  due: (walk: WorkflowWalk, pick: number) =>
    void walk.take({
      kind: 'due',
      subtaskId:
        at(
          [...walk.workflow.subtasks.keys()].filter((id) => walk.workflow.subtasks.get(id)?.status !== 'assigned'),
          pick,
        ) ?? 'none',
    }),
  pause: (walk: WorkflowWalk) => control(walk, { action: 'pause' }),
  resume: (walk: WorkflowWalk) => control(walk, { action: 'resume' }),
  cancel: (walk: WorkflowWalk, pick: number) => void (pick % 3 === 0 && control(walk, { action: 'cancel', graceMs: pick % 5_000 })),
  terminate: (walk: WorkflowWalk, pick: number) => void (pick % 3 === 0 && control(walk, { action: 'terminate' })),
  retry: (walk: WorkflowWalk) => control(walk, { action: 'retry' }),
  rerun: (walk: WorkflowWalk, pick: number) => control(walk, { action: 'rerun', from: at([...walk.workflow.type.graph.nodes.keys()], pick) ?? 'none' }),
  answer(walk: WorkflowWalk, pick: number) {
    const subtaskId =
      at(
        [...walk.workflow.type.graph.nodes].filter(([, { kind }]) => kind === 'approval'),
        pick,
      )?.[0] ?? 'none';
    walk.take({
      kind: 'answered',
      id: `${subtaskId}~${pick % 3}`,
      subtaskId,
      answer: { by: `p${pick % 3}`, decision: pick % 4 === 0 ? 'reject' : 'approve', at: walk.now },
    });
  },
  signal(walk: WorkflowWalk, pick: number) {
    const event: WorkflowEvent = { kind: 'signalled', id: `s${pick}`, signal: pick % 2 === 0 ? 'go' : 'stop', payload: pick, by: 'somebody' };
    walk.take(event);
    expectNothing(walk, event);
  },
  parent: (walk: WorkflowWalk, pick: number) => void walk.take({ kind: 'parent_checked', parent: pick % 3 === 0 ? 'paused' : 'alive' }),
};

/** What is asked for twice is done once, but for what goes back. */
function control(walk: WorkflowWalk, asked: Control): void {
  walk.take({ kind: 'controlled', control: asked, by: 'somebody' });
  if (asked.action !== 'retry' && asked.action !== 'rerun') expectNothing(walk, { kind: 'controlled', control: asked, by: 'somebody' });
}

/** A result as its kind of subtask has it; by agents of which there are three. */
function completion({ workflow }: WorkflowWalk, dispatch: Dispatch, pick: number): WorkflowEvent {
  const board = boardOf(workflow);
  const result = resultFor(nodeOf(board, dispatch.subtaskId).kind, askedCapability(board, dispatch.subtaskId), pick);
  const contextUpdate: JsonObject = pick % 4 === 0 ? { 'shared.x': pick, other: 1 } : {};
  return settled(dispatch, { status: 'completed', result, contextUpdate }, `agent-${pick % 3}`);
}

function resultFor(kind: string, capability: string, pick: number): Json {
  if (capability === 'test.critique') return { quality_score: pick % 101 };
  if (kind !== 'plan') return pick % 5 === 0 ? 'no number' : pick;
  if (pick % 4 === 0) return 'no plan';
  const nodes = [
    { id: 'a', capability: 'test.work' },
    { id: pick % 2 === 0 ? 'b' : 'c', capability: 'test.work', needs: ['a'], optional: pick % 3 === 0 },
    { id: 'd', kind: 'map', over: [1, 2], concurrency: 1, each: { capability: 'test.work' } },
    { id: 'e', needs: ['a', 'd'], join: { kind: 'any' }, kind: 'sleep', for_ms: pick % 7 },
    { id: 'f', kind: 'plan', capability: 'test.plan', allow: ['*'], needs: ['e'] },
  ];
  return nodes.slice(0, pick % 6);
}

function at<T>(items: readonly T[], pick: number): T | undefined {
  return items[pick % Math.max(1, items.length)];
}

function onOpen(walk: WorkflowWalk, pick: number, act: (dispatch: Dispatch) => unknown): void {
  const dispatch = at([...walk.open.values()], pick);
  if (dispatch !== undefined) act(dispatch);
}

function expectNothing(walk: WorkflowWalk, event: WorkflowEvent): void {
  if (walk.take(event).changed) throw new Error(`a ${event.kind} event that was none changed something: ${JSON.stringify(event)}`);
}

/** Lets time go to the earliest deadline, and what is due happen. */
function tick(walk: WorkflowWalk): void {
  if (hasEnded(walk.workflow.state)) return;
  const [earliest] = [...walk.watch.deadlines].toSorted(([, one], [, other]) => one - other);
  if (earliest === undefined) return;
  const [key, time] = earliest;
  walk.now = Math.max(walk.now, time);
  const dispatch = key === null ? undefined : walk.open.get(key);
  if (key === null) walk.take({ kind: 'workflow_deadline_passed' });
  else if (key === '^') walk.take({ kind: 'parent_checked', parent: 'alive' });
  else if (dispatch !== undefined) walk.take(checked(dispatch, { state: 'missing' }));
  else walk.take({ kind: 'due', subtaskId: key });
}

/** Everything that is still asked for is done and time passes, until the workflow ends. @throws if it never does */
export function bringToEnd(walk: WorkflowWalk): void {
  for (let round = 0; !hasEnded(walk.workflow.state); round += 1) {
    if (round > 500) throw new Error(`the workflow does not end: ${JSON.stringify([...walk.workflow.subtasks])}`);
    if (walk.workflow.state.status === 'paused') moves.resume(walk);
    const [dispatch] = walk.open.values();
    if (dispatch === undefined) tick(walk);
    else walk.take(completion(walk, dispatch, 6 * 101 * 5 * round + 101 * 6 - 1));
  }
}
