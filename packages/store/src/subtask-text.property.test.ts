/** Whatever becomes of a subtask, its text gives it back. */
import type { Subtask } from '@baton/core';
import { definitionArbitrary, make, moveArbitrary, startWalk, workflowOf } from '@baton/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { subtaskOf, subtaskText } from './subtask-text.ts';

const at = 1_795_178_916_849;
const createdAt = at - 76;
const execution = { agent: 'data-agent-01', attempt: 1, startedAt: at + 18, finishedAt: at + 90 };
const completed = { status: 'completed', generation: 0, assignedAt: at, settledAt: at + 100, result: [1, { generation: 7 }], execution } as const;
const tries = { fallback: 1, repairs: 0, overloads: 2 };
const error = { code: 'X', message: 'It broke.', details: null };

it.each<readonly [what: string, subtask: Subtask]>([
  ['completed by an agent', completed],
  ['a later attempt of a later generation, with usage', { ...completed, generation: 3, execution: { ...execution, attempt: 2, usage: { tokens: 7 } }, tries }],
  ['done by an agent whose clock is behind', { ...completed, execution: { ...execution, startedAt: at - 5_000, finishedAt: at - 4_000 } }],
  ['completed with nothing, not well and not by all', { ...completed, result: null, degraded: true, dissent: ['a', 'b'] }],
  ['completed by no agent', { status: 'completed', generation: 0, assignedAt: at, settledAt: at, result: null, degraded: true, dissent: ['a'] }],
  ['a plan, whose parts have an execution of their own', { ...completed, parts: { kind: 'plan', nodes: [], execution } }],
  ['failed', { status: 'failed_permanent', generation: 1, assignedAt: at, settledAt: at + 1, error, execution, tolerated: true }],
  ['put back', { status: 'pending', generation: 2, since: at, tries, cause: 'repair' }],
  ['assigned', { status: 'assigned', generation: 0, assignedAt: at, issuedAt: at }],
])('gives back what is %s', (_, subtask) => {
  expect(subtaskOf(subtaskText(subtask, createdAt), createdAt)).toEqual(subtask);
});

it('says no more than there is to say', () => {
  expect(subtaskText({ ...completed, result: {} }, createdAt)).toBe('["data-agent-01",76,94,166,176,{}]');
  expect(subtaskText({ status: 'pending', generation: 0 }, createdAt)).toBe('{"status":"pending"}');
});

it('gives back whatever is decided', () => {
  fc.assert(
    fc.property(definitionArbitrary(7), fc.array(moveArbitrary(), { maxLength: 50 }), (definition, moves) => {
      const walk = startWalk(workflowOf(definition, { params: { flag: true } }));
      for (const move of moves) make(walk, move);
      for (const { decision } of walk.history) {
        for (const [, subtask] of decision.patch.subtasks) expect(subtaskOf(subtaskText(subtask, createdAt), createdAt)).toEqual(subtask);
      }
    }),
    { numRuns: 300 },
  );
});
