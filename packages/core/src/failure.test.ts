/** The order of failure: repair, fallback, optional, fail; each counted apart and visible in the record. And what is not an attempt at all. */
import { describe, expect, it } from 'vitest';
import { play, type Scenario, type Step } from './fixture/scenario.ts';
import { isNothing, limits } from './index.ts';

const output = { type: 'object', required: ['x'] };
const setbacks = ({ patch }: Step): readonly string[] =>
  patch.events.flatMap((event) =>
    event.type === 'subtask_setback' ? [`${event.capability}~${event.generation} ${event.next} ${event.error?.code ?? ''}`.trim()] : [],
  );
const causes = ({ patch }: Step): readonly string[] => patch.events.flatMap((event) => (event.type === 'subtask_assigned' ? [event.cause ?? 'first'] : []));

describe('the order of failure', () => {
  it('is repair, then each fallback, then what the step is to the rest', () => {
    const scene = play([
      { id: 'a', capability: 'c', output, repairs: 2, fallback: ['d', 'e'], optional: true },
      { id: 'b', params: { a: '$steps.a' } },
    ]);
    const first = scene.complete('a', { y: 1 });
    expect(first.dispatches).toMatchObject([{ generation: 1, capability: 'c', repair: { problems: [{ code: 'required' }], previousOutput: { y: 1 } } }]);
    expect(setbacks(first)).toEqual(['c~0 repair INVALID_OUTPUT']);
    expect(causes(first)).toEqual(['repair']);
    expect(scene.get('a')).toMatchObject({ tries: { repairs: 1, fallback: 0, overloads: 0 } });

    expect(setbacks(scene.complete('a', 'no better'))).toEqual(['c~1 repair INVALID_OUTPUT']);
    const third = scene.complete('a', 'no better');
    expect(setbacks(third)).toEqual(['c~2 fallback INVALID_OUTPUT']);
    expect(third.dispatches).toMatchObject([{ capability: 'd', generation: 3 }]);
    expect(third.dispatches[0]).not.toHaveProperty('repair');

    // The fallback has repairs of its own; a crash is none.
    expect(setbacks(scene.complete('a', 'worse'))).toEqual(['d~3 repair INVALID_OUTPUT']);
    expect(setbacks(scene.fail('a'))).toEqual(['d~4 fallback BROKEN']);
    const last = scene.fail('a');
    expect(setbacks(last)).toEqual([]);
    expect(last.patch.events[0]).toMatchObject({ type: 'subtask_failed', capability: 'e', generation: 5, tolerated: true, error: { code: 'BROKEN' } });
    expect(last.dispatches).toMatchObject([{ subtaskId: 'b', parameters: { a: null } }]);
    expect(scene.log).toEqual(['a~0 c', 'a~1 c', 'a~2 c', 'a~3 d', 'a~4 d', 'a~5 e', 'b~0 c']);
  });

  it('ends with the workflow if the step is not optional', () => {
    const scene = play([{ id: 'a', fallback: ['d'] }]);
    scene.fail('a');
    scene.fail('a', 'WORSE');
    expect(scene.workflow.state).toMatchObject({ status: 'failed', error: { details: { code: 'WORSE' } } });
    expect(scene.get('a')).toMatchObject({ tries: { fallback: 1 } });
  });

  it('believes the repaired result, and counts it under who did it', () => {
    const scene = play([{ id: 'a', output, repairs: 1 }]);
    scene.complete('a', {});
    const { patch } = scene.complete('a', { x: 1 }, 'agent-2');
    expect(scene.get('a')).toMatchObject({ status: 'completed', generation: 1, tries: { repairs: 1 }, execution: { agent: 'agent-2' } });
    expect(patch.events[0]).toMatchObject({ type: 'subtask_completed', agent: 'agent-2', generation: 1 });
  });

  it('takes the word of an agent that its output does not fit, whatever else it says', () => {
    const scene = play([{ id: 'a', repairs: 2 }]);
    expect(
      scene.reply('a', {
        status: 'failed',
        error: { code: 'INVALID_OUTPUT', message: 'no x', details: { problems: [{ path: '/x', code: 'r', message: 'm' }], output: 5 } },
      }).dispatches,
    ).toMatchObject([{ repair: { problems: [{ path: '/x' }], previousOutput: 5 } }]);
    expect(scene.fail('a', 'INVALID_OUTPUT').dispatches).toMatchObject([
      { repair: { problems: [{ path: '', code: 'invalid', message: 'It broke.' }], previousOutput: null } },
    ]);
  });

  it('repairs no other failure', () => {
    const scene = play([{ id: 'a', repairs: 5 }]);
    scene.fail('a', 'INVALID_PLAN');
    expect(scene.status('a')).toBe('failed_permanent');
  });

  it('asks the fallback when nobody takes the assignment in time, and when the agent was lost', () => {
    const scene = play([{ id: 'a', ttl_ms: 1_000, fallback: ['d', 'e'] }]);
    scene.now = 1_000;
    expect(setbacks(scene.check('a', { state: 'queued', position: 0 }))).toEqual(['c~0 fallback ASSIGNMENT_EXPIRED']);
    expect(setbacks(scene.check('a', { state: 'failed', reason: 'stalled' }))).toEqual(['d~1 fallback AGENT_LOST']);
    expect(scene.log.at(-1)).toBe('a~2 e');
  });

  it('asks nobody else when the time of the whole subtask is over, and tells whoever has it', () => {
    const scene = play([{ id: 'a', timeout_ms: 1_000, fallback: ['d'] }]);
    scene.now = 1_000;
    expect(scene.check('a', { state: 'delayed', until: 2_000, attemptsMade: 1, lastError: null }).patch.control).toEqual([
      { key: 'a~0', flag: 'cancelled:1000' },
    ]);
    expect(scene.get('a')).toMatchObject({ status: 'failed_permanent', error: { code: 'SUBTASK_TIMEOUT' } });
  });

  it('believes what the job itself says, whatever it says of whom', () => {
    const scene = play([{ id: 'a' }, { id: 'b' }]);
    scene.check('a', { state: 'completed', report: { workflowId: 'x', subtaskId: 'b', generation: 7, outcome: { status: 'completed', result: 1 } } });
    expect(scene.statuses()).toBe('a completed, b assigned');
  });

  it('ends when there are too many generations', () => {
    const scene = play([{ id: 'a', fallback: ['d'] }]);
    scene.workflow.subtasks.set('a', { status: 'assigned', generation: limits.generationsMax, assignedAt: 0, issuedAt: 0 });
    scene.fail('a');
    expect(scene.status('a')).toBe('failed_permanent');
  });
});

describe('a result', () => {
  it.each<[string, object, unknown, string | null]>([
    ['that holds the rules', { rules: [{ rule: 'output.total == output.a + params.b', message: 'm' }] }, { total: 3, a: 1 }, null],
    ['that breaks one', { rules: [{ rule: 'output.total > 0', message: 'The total must be positive.' }] }, { total: -1 }, 'The total must be positive.'],
    [
      'that a rule cannot be told of',
      { rules: [{ rule: 'output.total > 0', message: 'The total must be positive.' }] },
      {},
      'The total must be positive. (output.total > 0: ',
    ],
    ['that breaks all', { output, rules: [{ rule: 'has(output.y)', message: 'No y.' }] }, {}, "must have required property 'x'; No y."],
    ['that is too large', {}, 'x'.repeat(limits.payloadBytesMax), 'Write it to a file and return its URI.'],
  ])('%s', (_, node, result, expected) => {
    const scene = play([{ id: 'a', ...node }], { params: { b: 2 } });
    scene.complete('a', result as string);
    if (expected === null) expect(scene.status('a')).toBe('completed');
    else expect(scene.get('a')).toMatchObject({ error: { code: 'INVALID_OUTPUT', message: expect.stringContaining(expected) } });
    expect(JSON.stringify(scene.get('a')).length).toBeLessThan(2_000);
  });
});

describe('an overloaded agent', () => {
  const overloaded = (scene: Scenario, retryAfterMs = 500) => scene.reply('a', { status: 'overloaded', retryAfterMs });

  it('is not asked before it says, and it is no attempt', () => {
    const scene = play([{ id: 'a', overloads: 3 }]);
    scene.now = 100;
    const step = overloaded(scene);
    expect(step.sent).toEqual([]);
    expect(setbacks(step)).toEqual(['c~0 overloaded']);
    expect(step.patch.deadlines).toEqual([{ subtaskId: 'a', at: 600 }]);
    expect(scene.get('a')).toMatchObject({ status: 'retrying', until: 600, assignedAt: 0, tries: { overloads: 1 } });
    scene.now = 599;
    expect(scene.take({ kind: 'due', subtaskId: 'a' }).patch.deadlines).toEqual([{ subtaskId: 'a', at: 600 }]);
    scene.now = 600;
    const again = scene.take({ kind: 'due', subtaskId: 'a' });
    expect(again.dispatches).toMatchObject([{ generation: 1, issuedAt: 600 }]);
    expect(causes(again)).toEqual(['overloaded']);
    expect(scene.get('a')).toMatchObject({ status: 'assigned', assignedAt: 0, tries: { overloads: 1 } });
  });

  it('is a failure when it is so too often, and then come the fallbacks with a count of their own', () => {
    const scene = play([{ id: 'a', overloads: 1, fallback: ['d'] }]);
    overloaded(scene, 0);
    scene.now = 1;
    scene.take({ kind: 'due', subtaskId: 'a' });
    const step = overloaded(scene);
    expect(setbacks(step)).toEqual(['c~1 fallback AGENT_OVERLOADED']);
    expect(step.dispatches).toMatchObject([{ capability: 'd' }]);
    expect(scene.get('a')).toMatchObject({ tries: { fallback: 1, overloads: 0 } });
  });

  it('does not get more time than the subtask has', () => {
    const scene = play([{ id: 'a', timeout_ms: 1_000, fallback: ['d'] }]);
    scene.now = 900;
    expect(overloaded(scene).patch.deadlines).toEqual([{ subtaskId: 'a', at: 1_000 }]);
    scene.now = 1_400;
    scene.take({ kind: 'due', subtaskId: 'a' });
    expect([scene.log, scene.get('a')]).toMatchObject([['a~0 c'], { status: 'failed_permanent', error: { code: 'SUBTASK_TIMEOUT' } }]);
  });

  it('means nothing of a workflow of its own', () => {
    const scene = play([{ id: 'a', kind: 'workflow', type: 't' }]);
    overloaded(scene);
    expect(scene.get('a')).toMatchObject({ status: 'failed_permanent', error: { code: 'AGENT_OVERLOADED' } });
  });
});

describe('work that was handed back', () => {
  it('is dispatched again as another generation, in what is left of its time', () => {
    const scene = play([{ id: 'a', timeout_ms: 1_000, ttl_ms: 800 }]);
    scene.now = 700;
    const step = scene.reply('a', { status: 'held' });
    expect(setbacks(step)).toEqual(['c~0 held']);
    expect(step.dispatches).toMatchObject([{ generation: 1, ttlMs: 300, issuedAt: 700 }]);
    expect(causes(step)).toEqual(['resumed']);
    expect(scene.get('a')).toMatchObject({ assignedAt: 0, issuedAt: 700 });
  });

  it('is not, once its time is over', () => {
    const scene = play([{ id: 'a', timeout_ms: 1_000 }]);
    scene.now = 1_000;
    expect(scene.reply('a', { status: 'held' }).sent).toEqual([]);
    expect(scene.get('a')).toMatchObject({ status: 'failed_permanent', error: { code: 'SUBTASK_TIMEOUT' } });
  });
});

describe('a reply', () => {
  it('from agents of another capability is none', () => {
    const scene = play([{ id: 'a', fallback: ['d'] }]);
    const completed = { status: 'completed' as const, result: 'forged' };
    scene.reply('a', completed, { capability: 'd' });
    expect(scene.status('a')).toBe('assigned');
    scene.fail('a');
    scene.reply('a', completed, { capability: 'c' });
    expect(scene.status('a')).toBe('assigned');
    scene.reply('a', completed, { capability: 'd' });
    expect(scene.status('a')).toBe('completed');
  });

  it('to a workflow step comes from a workflow only', () => {
    const scene = play([{ id: 'a', kind: 'workflow', type: 't' }]);
    scene.reply('a', { status: 'completed', result: 1 }, { capability: 'c' });
    expect(scene.status('a')).toBe('assigned');
    scene.reply('a', { status: 'completed', result: 1 }, { capability: 'workflow' });
    expect(scene.status('a')).toBe('completed');
  });

  it.each(['zz', 'a[0]', 'a#1/generate', 'a/x', 'a/x[2]'])('of a subtask %s that nobody knows is none', (id) => {
    const scene = play([{ id: 'a' }]);
    const { patch } = scene.complete(id);
    expect([patch.subtasks, patch.events]).toEqual([[], []]);
  });
});

describe('context updates', () => {
  const update = (scene: Scenario, id: string, contextUpdate: Record<string, unknown>) =>
    scene.reply(id, { status: 'completed', result: null, contextUpdate: contextUpdate as never });

  it('write what the step may write, and what it may not is refused and recorded', () => {
    const scene = play([
      { id: 'a', writes: ['kpi', 'notes.a'] },
      { id: 'b', needs: ['a'], params: { k: '$context.kpi.total', n: '$context.notes?' } },
    ]);
    const step = update(scene, 'a', { 'kpi.total': 7, secret: 1, 'notes.b': 2 });
    expect(step.patch.events).toContainEqual({ type: 'context_updated', at: 0, subtaskId: 'a', paths: ['kpi.total'], refused: ['secret', 'notes.b'] });
    expect(step.dispatches[0]?.parameters).toEqual({ k: 7 });
    expect(step.patch.context).toMatchObject([['kpi.total', { value: 7, by: 'a' }]]);
  });

  it('with nothing in them say nothing', () => {
    const scene = play([{ id: 'a', writes: ['kpi'] }]);
    expect(update(scene, 'a', {}).eventTypes).not.toContain('context_updated');
  });

  it('are bounded in number, and what is there may still be written over', () => {
    const scene = play([
      { id: 'a', writes: ['x'] },
      { id: 'b', needs: ['a'], writes: ['x'] },
    ]);
    update(scene, 'a', Object.fromEntries(Array.from({ length: limits.contextPathsMax }, (_, index) => [`x.n${index}`, index])));
    update(scene, 'b', { 'x.n0': 'b', 'x.more': 1 });
    expect([scene.workflow.context.size, scene.workflow.context.get('x.n0')?.value]).toEqual([limits.contextPathsMax, 'b']);
  });

  it('of parallel steps come to the same in whatever order they settle', () => {
    const nodes = ['a', 'b', 'c'].map((id) => ({ id, writes: ['x'] }));
    const updates: Record<string, Record<string, unknown>> = { a: { 'x.p': 'a', 'x.only': 'a' }, b: { 'x.p': 'b', x: { q: 'b' } }, c: { 'x.p': 'c' } };
    const views = ['a b c', 'a c b', 'b a c', 'b c a', 'c a b', 'c b a'].map((order) => {
      const scene = play([...nodes, { id: 'last', needs: ['a', 'b', 'c'], params: { x: '$context.x' } }]);
      const steps = order.split(' ').map((id) => update(scene, id, updates[id] ?? {}));
      return steps.at(-1)?.dispatches[0]?.parameters;
    });
    expect(views).toEqual(Array.from({ length: 6 }, () => ({ x: { q: 'b', p: 'c' } })));
  });

  it('are seen by what begins in the same decision, also those over others of it', () => {
    const scene = play([
      { id: 'a', writes: ['x'] },
      { id: 'b', writes: ['x'] },
      { id: 'a2', needs: ['a'], params: { x: '$context.x' } },
      { id: 'b2', needs: ['b'], params: { x: '$context.x' } },
    ]);
    const settled = (subtaskId: string, x: string) => ({
      kind: 'settled' as const,
      report: { workflowId: 'wf', subtaskId, generation: 0, outcome: { status: 'completed' as const, result: null, contextUpdate: { x } } },
    });
    expect(scene.take(settled('a', 'A'), settled('b', 'B')).dispatches.map(({ parameters }) => parameters)).toEqual([{ x: 'A' }, { x: 'B' }]);
  });

  it('stay within their conversation, which is read only', () => {
    const scene = play([{ id: 'a', params: { c: '$conversation.name', none: '$conversation.zz?' }, when: 'conversation.name == "ann"' }], {
      header: { conversation: { name: 'ann' } },
    });
    expect(scene.first.dispatches[0]?.parameters).toEqual({ c: 'ann' });
    expect(play([{ id: 'a', params: { c: '$conversation.name?' } }]).first.dispatches[0]?.parameters).toEqual({});
  });
});

it('is looked at for nothing when it is due and settled; with an agent it keeps its deadline', () => {
  const scene = play([{ id: 'a' }, { id: 'b' }]);
  scene.complete('a');
  for (const id of ['a', 'zz'])
    expect(scene.take({ kind: 'due', subtaskId: id }).patch).toMatchObject({ subtasks: [], events: [], deadlines: [{ subtaskId: id, at: null }] });
  expect(isNothing(scene.take({ kind: 'due', subtaskId: 'b' }))).toBe(true);
});
