import { describe, expect, test } from 'vitest';
import { play } from './fixture/scenario.ts';
import { decide, restoreWorkflow, type WorkflowEvent } from './index.ts';

/** A chain of two whose first step is done, loaded without what it came to. */
function robbed({ ended = false } = {}) {
  const scene = play([{ id: 'a' }, { id: 'b', params: { x: '$steps.a' } }]);
  scene.complete('a', 'long');
  if (ended) scene.complete('b', 'done');
  const { header, type, ...stored } = scene.workflow;
  return restoreWorkflow(header, type, { ...stored, lost: ['what "a" came to', 'the params'] });
}

const pause: WorkflowEvent = { kind: 'controlled', control: { action: 'pause' }, by: 'ann' };

describe('a workflow of which something is lost', () => {
  test.each<[what: string, event: WorkflowEvent]>([
    ['a reply', { kind: 'settled', report: { workflowId: 'wf', subtaskId: 'b', generation: 0, outcome: { status: 'completed', result: 1 } } }],
    ['a deadline', { kind: 'workflow_deadline_passed' }],
    ['a request', pause],
  ])('fails with whatever comes next: %s', (_what, event) => {
    const { patch } = decide(robbed(), [event], 5);
    expect(patch.state).toMatchObject({ status: 'failed', endedAt: 5, error: { code: 'PAYLOAD_LOST' } });
    expect(patch.state).toMatchObject({ error: { message: expect.stringMatching(/what "a" came to, the params\. .*BATON_BLOBS/) } });
    expect(patch.subtasks).toMatchObject([['b', { status: 'cancelled' }]]);
    expect(patch.control).toEqual([{ key: '*', flag: 'cancelled:5' }]);
  });

  test('refuses what people ask, once it has ended, too', () => {
    expect(decide(robbed(), [pause], 5).answers).toMatchObject([{ outcome: 'refused', message: expect.stringContaining('the params') }]);
    const rerun: WorkflowEvent = { kind: 'controlled', control: { action: 'rerun', from: 'b' }, by: 'ann' };
    const { patch, answers } = decide(robbed({ ended: true }), [rerun], 5);
    expect([answers[0]?.outcome, patch.state, patch.events]).toEqual(['refused', undefined, []]);
  });
});
