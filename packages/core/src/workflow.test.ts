import { expect, it } from 'vitest';
import { compileDefinition, createWorkflow, hasEnded, restoreWorkflow, unmetNeeds } from './index.ts';

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

it('counts what is open anew when it is restored', () => {
  const stored = createWorkflow(header, type);
  stored.subtasks.set('a', { status: 'completed', generation: 0, assignedAt: 0, settledAt: 1, result: null });
  stored.subtasks.set('b', { status: 'failed_permanent', generation: 0, assignedAt: 0, settledAt: 1, error: { code: 'X', message: '' } });
  const restored = restoreWorkflow(header, type, stored);
  expect([restored.unsettled, unmetNeeds(restored, 'j'), unmetNeeds(restored, 'a')]).toEqual([1, 1, 0]);
});

it('knows which states are the end', () => {
  expect(hasEnded({ status: 'running', expiresAt: 1 })).toBe(false);
  expect(hasEnded({ status: 'completed', endedAt: 1, result: null })).toBe(true);
});
