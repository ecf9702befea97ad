import { expect, it } from 'vitest';
import { compileDefinition, createWorkflow, hasEnded, restoreWorkflow } from './index.ts';
import { definitionKey, settledIn } from './tally.ts';

const compiled = compileDefinition({
  name: 't',
  version: 1,
  nodes: [
    { id: 'a', capability: 'c' },
    { id: 'b', capability: 'c' },
    { id: 'j', capability: 'c', needs: ['a', 'b'] },
  ],
});
if (!compiled.ok) throw new Error('does not compile');
const { type } = compiled;
const header = { id: 'wf', type: 't', version: 1, definitionHash: type.hash, fingerprint: '', params: {}, caller: '', createdAt: 0 };

it('counts what has settled anew when it is restored', () => {
  const stored = createWorkflow(header, type);
  stored.subtasks.set('a', { status: 'completed', generation: 0, assignedAt: 0, settledAt: 1, result: null });
  stored.subtasks.set('b', { status: 'failed_permanent', generation: 0, assignedAt: 0, settledAt: 1, error: { code: 'X', message: '' } });
  const restored = restoreWorkflow(header, type, stored);
  const tallies = [definitionKey, 'j'].map((key) => restored.tallies.get(key));
  expect(tallies).toMatchObject([
    { completed: 1, failed: 1 },
    { completed: 1, failed: 1 },
  ]);
  expect(tallies.map((tally) => tally && settledIn(tally))).toEqual([2, 2]);
  expect(restored.tallies.get('a')).toBeUndefined();
});

it('knows which states are the end', () => {
  expect(hasEnded({ status: 'running', expiresAt: 1 })).toBe(false);
  expect(hasEnded({ status: 'completed', endedAt: 1, result: null })).toBe(true);
});
