import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { play, type Scenario } from './fixture/scenario.ts';
import { type Json, limits } from './index.ts';

const each = { capability: 'c', params: { item: '$item', at: '$index' } };
const mapOver = (items: readonly Json[], rest: object = {}) => play([{ id: 'm', kind: 'map', over: '$params.items', each, ...rest }], { params: { items } });
const open = (scene: Scenario) =>
  [...scene.workflow.subtasks].filter(([id, { status }]) => id !== 'm' && (status === 'assigned' || status === 'retrying')).map(([id]) => id);

describe('a map', () => {
  it('does each item with its index, and brings the results together in the order of the list', () => {
    const scene = mapOver(['x', { y: 1 }]);
    expect(scene.first.dispatches).toMatchObject([
      { subtaskId: 'm[0]', capability: 'c', parameters: { item: 'x', at: 0 } },
      { subtaskId: 'm[1]', capability: 'c', parameters: { item: { y: 1 }, at: 1 } },
    ]);
    scene.complete('m[1]', 'second');
    expect(scene.status('m')).toBe('running');
    scene.complete('m[0]', 'first');
    expect(scene.workflow.state).toMatchObject({ status: 'completed', result: { m: ['first', 'second'] } });
  });

  it('goes over the result of a step, and its items see what the map sees', () => {
    const scene = play(
      [
        { id: 'a' },
        {
          id: 'm',
          kind: 'map',
          over: '$steps.a.rows',
          each: { capability: 'c', params: { item: '$item.id', all: '$steps.a.n', before: '$previous_result.n', p: '$params.p' } },
        },
      ],
      { params: { p: 7 } },
    );
    expect(scene.complete('a', { rows: [{ id: 1 }], n: 3 }).dispatches).toMatchObject([
      { subtaskId: 'm[0]', parameters: { item: 1, all: 3, before: 3, p: 7 } },
    ]);
  });

  it('of nothing is a success, whatever its join', () => {
    for (const until of [{ kind: 'all' }, { kind: 'any' }, { kind: 'quorum', k: 2, of: 3 }]) {
      expect(mapOver([], { until }).workflow.state).toMatchObject({ status: 'completed', result: { m: [] } });
    }
    expect(mapOver([], { aggregate: { strategy: 'sum' } }).workflow.state).toMatchObject({ result: { m: 0 } });
  });

  it.each<[string, Json, string]>([
    ['no list', { a: 1 }, 'NO_LIST'],
    ['too many items', Array.from({ length: limits.mapItemsMax + 1 }, () => 0), 'TOO_MANY_ITEMS'],
    ['a list that is too large', ['x'.repeat(limits.payloadBytesMax)], 'PAYLOAD_TOO_LARGE'],
  ])('says so of %s', (_, items, code) => {
    expect(play([{ id: 'm', kind: 'map', over: '$params.items', each }], { params: { items } }).get('m')).toMatchObject({
      status: 'failed_permanent',
      error: { code },
    });
  });

  it('over what is not there fails', () => {
    expect(play([{ id: 'm', kind: 'map', over: '$params.items', each }]).get('m')).toMatchObject({ error: { code: 'UNRESOLVED_REFERENCE' } });
  });

  it('fails with the first failure and cancels the rest, unless its join lives with it', () => {
    const scene = mapOver([1, 2, 3]);
    scene.fail('m[1]');
    expect(scene.statuses()).toBe('m failed_permanent, m[0] cancelled, m[1] failed_permanent, m[2] cancelled');
    expect(scene.get('m')).toMatchObject({ error: { code: 'ITEMS_FAILED', message: 'Of 3 items too many failed; the first was m[1]: It broke.' } });

    const tolerant = mapOver([1, 2, 3], { until: { kind: 'settled' } });
    tolerant.fail('m[1]');
    tolerant.complete('m[0]', 'a');
    tolerant.complete('m[2]', 'c');
    expect(tolerant.get('m')).toMatchObject({ status: 'completed', result: ['a', 'c'], dissent: ['m[1]'] });
  });

  it('has an early join of its own, and cancels the items that are left', () => {
    const scene = mapOver([1, 2, 3, 4], { until: { kind: 'first', k: 2 }, concurrency: 3 });
    scene.complete('m[2]', 'c');
    const { patch } = scene.complete('m[0]', 'a');
    expect(scene.get('m')).toMatchObject({ status: 'completed', result: ['a', 'c'], dissent: ['m[1]', 'm[3]'] });
    expect(patch.control.map(({ key }) => key)).toEqual(['m[1]~0', 'm[3]~0']);
  });

  it('of which too few can succeed says so before all are done', () => {
    const scene = mapOver([1], { until: { kind: 'first', k: 2 } });
    expect(scene.get('m')).toMatchObject({ error: { code: 'ITEMS_FAILED', message: 'Of 1 items too few can still succeed.' } });
  });

  it('counts voters in a quorum of its items', () => {
    const scene = mapOver([1, 2, 3], { until: { kind: 'quorum', k: 2, of: 3 }, aggregate: { strategy: 'majority' } });
    scene.complete('m[0]', 'yes', 'one');
    scene.complete('m[1]', 'yes', 'one');
    expect(scene.status('m')).toBe('running');
    scene.complete('m[2]', 'no', 'two');
    expect(scene.get('m')).toMatchObject({ status: 'completed', result: 'yes', dissent: ['m[1]', 'm[2]'] });
  });

  it('fails if what comes together is too large, and the record stays small', () => {
    const scene = mapOver([1, 2, 3]);
    for (const index of [0, 1, 2]) scene.complete(`m[${index}]`, 'x'.repeat(limits.payloadBytesMax / 2));
    expect(scene.get('m')).toMatchObject({
      status: 'failed_permanent',
      error: { code: 'INVALID_OUTPUT', message: expect.stringContaining('Write it to a file') },
    });
    expect(JSON.stringify(scene.get('m')).length).toBeLessThan(1_000);
  });

  it('checks each item against the schema and the rules of its body', () => {
    const scene = mapOver([1], { each: { ...each, output: { type: 'number' }, rules: [{ rule: 'output > 1.0', message: 'must be more than one' }] } });
    scene.complete('m[0]', 1);
    expect(scene.get('m[0]')).toMatchObject({
      status: 'failed_permanent',
      error: { code: 'INVALID_OUTPUT', message: expect.stringContaining('must be more than one') },
    });
  });

  it('may be optional, as a whole', () => {
    const scene = play([
      { id: 'm', kind: 'map', over: [1], each, optional: true },
      { id: 'b', params: { m: '$steps.m' } },
    ]);
    expect(scene.fail('m[0]').dispatches).toMatchObject([{ subtaskId: 'b', parameters: { m: null } }]);
  });
});

describe('concurrency', () => {
  it('is never exceeded and always used, whatever happens in whatever order', () => {
    const move = fc.record({
      pick: fc.nat(),
      kind: fc.constantFrom('complete', 'complete', 'fail', 'overload', 'hold', 'wake', 'pause', 'resume', 'cancel', 'retry', 'rerun'),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 9 }), fc.array(move, { maxLength: 60 }), (concurrency, size, steps) => {
        const scene = mapOver(
          Array.from({ length: size }, (_, index) => index),
          { concurrency, until: { kind: 'settled' }, timeout_ms: 1_000_000, aggregate: { strategy: 'list' } },
        );
        for (const { pick, kind } of steps) {
          const ids = open(scene);
          const id = ids[pick % Math.max(1, ids.length)] ?? 'none';
          if (kind === 'complete') scene.complete(id);
          if (kind === 'fail') scene.fail(id);
          if (kind === 'overload') scene.reply(id, { status: 'overloaded', retryAfterMs: 10 });
          if (kind === 'hold') scene.reply(id, { status: 'held' });
          if (kind === 'wake') {
            scene.now += 10;
            scene.take({ kind: 'due', subtaskId: id });
          }
          if (kind === 'pause' || kind === 'resume' || kind === 'retry') scene.control(kind);
          if (kind === 'cancel') scene.control('terminate');
          if (kind === 'rerun') scene.control({ action: 'rerun', from: 'm' });
          const settled = Array.from({ length: size }, (_, index) => scene.status(`m[${index}]`)).filter(
            (status) => status === 'completed' || status === 'failed_permanent',
          ).length;
          expect(open(scene).length).toBeLessThanOrEqual(concurrency);
          if (scene.workflow.state.status === 'running') expect(open(scene).length).toBe(Math.min(concurrency, size - settled));
        }
        expect(new Set(scene.log).size).toBe(scene.log.length);
      }),
      { numRuns: 500 },
    );
  });
});

describe('10,000 items', () => {
  it('cost each the same: a settled item touches itself and the next one', () => {
    const scene = mapOver(
      Array.from({ length: limits.mapItemsMax }, (_, index) => index),
      { concurrency: 100, aggregate: { strategy: 'sum' } },
    );
    expect(scene.first.patch.subtasks).toHaveLength(101);
    for (const index of [0, 7, 3]) expect(scene.complete(`m[${index}]`, index).patch.subtasks).toHaveLength(2);
  });

  it('may all be at work at once, and come to one result', () => {
    const scene = mapOver(
      Array.from({ length: limits.mapItemsMax }, (_, index) => index),
      { aggregate: { strategy: 'sum' } },
    );
    expect(scene.first.dispatches).toHaveLength(limits.mapItemsMax);
    const replies = Array.from({ length: limits.mapItemsMax }, (_, index) => ({
      kind: 'settled' as const,
      report: { workflowId: 'wf', subtaskId: `m[${index}]`, generation: 0, outcome: { status: 'completed' as const, result: index } },
    }));
    scene.take(...replies);
    expect(scene.workflow.state).toMatchObject({ status: 'completed', result: { m: (limits.mapItemsMax * (limits.mapItemsMax - 1)) / 2 } });
  });
});
