/** Under which key the effects of a dispatch are had. */
import { describe, expect, it } from 'vitest';
import { play, type Step } from './fixture/scenario.ts';

const output = { type: 'object', required: ['x'] };

describe('the idempotency key', () => {
  const keyOf = ({ dispatches }: Step) => dispatches.map(({ generation, idempotencyKey }) => [generation, idempotencyKey]);

  it('is that of the first dispatch for work that goes on: after a pause, and where the job was lost', () => {
    const scene = play([{ id: 'a' }]);
    expect(keyOf(scene.first)).toEqual([[0, undefined]]);
    expect(keyOf(scene.reply('a', { status: 'held' }))).toEqual([[1, 'wf~a~0']]);
    expect(keyOf(scene.check('a', { state: 'missing' }))).toEqual([[2, 'wf~a~0']]);
  });

  it('is another for other work: a repair, which goes on in its turn; what an overloaded agent sent back; a fallback', () => {
    const scene = play([{ id: 'a', repairs: 1, overloads: 1, fallback: ['d'], output }]);
    scene.reply('a', { status: 'held' });
    expect(keyOf(scene.complete('a', {}))).toEqual([[2, undefined]]);
    const held = scene.reply('a', { status: 'held' });
    expect(keyOf(held)).toEqual([[3, 'wf~a~2']]);
    expect(held.dispatches).toMatchObject([{ repair: { previousOutput: {} } }]);
    scene.reply('a', { status: 'overloaded', retryAfterMs: 5 });
    scene.now = 5;
    expect(keyOf(scene.take({ kind: 'due', subtaskId: 'a' }))).toEqual([[4, undefined]]);
    scene.reply('a', { status: 'held' });
    expect(keyOf(scene.fail('a'))).toEqual([[6, undefined]]);
    expect(scene.get('a')).toMatchObject({ tries: { fallback: 1, repairs: 0, overloads: 0 } });
  });
});
