import { describe, expect, it } from 'vitest';
import { play, type Scenario } from './fixture/scenario.ts';
import { type CapabilityFacts, createWorkflow, type JobFacts, type QueueFacts, waitingReasons, whyWaiting } from './index.ts';

const seen = new Set<string>();
const at = new Date(0).toISOString();

/** Why the subtask is not finished, as `reason facts`. */
function why(scene: Scenario, id: string, facts: { readonly job?: JobFacts; readonly served?: Partial<CapabilityFacts> } = {}): unknown {
  const queue: QueueFacts = {
    jobs: new Map(facts.job === undefined ? [] : [[id, facts.job]]),
    capabilities: new Map(facts.served === undefined ? [] : [['c', { capability: 'c', agents: 1, queued: 0, active: 0, limit: null, ...facts.served }]]),
  };
  const found = whyWaiting(scene.workflow, queue).find(({ subtaskId }) => subtaskId === id);
  if (found === undefined) return undefined;
  seen.add(found.reason);
  expect(found.message).toMatch(/^\S.*\S$/);
  return [found.reason, found.facts];
}

describe('a subtask is not finished', () => {
  const task = () => play([{ id: 'a' }, { id: 'b', needs: ['a'] }]);

  it.each<[string, Parameters<typeof why>[2], unknown]>([
    ['it runs', { job: { state: 'active', agent: 'agent-1', attempt: 2, startedAt: 0, progress: null } }, ['running', { agent: 'agent-1', attempt: 2 }]],
    ['somebody unknown runs it', { job: { state: 'active', agent: null, attempt: 1, startedAt: 0, progress: null } }, ['running', { agent: null, attempt: 1 }]],
    [
      'it failed and is tried again',
      { job: { state: 'delayed', until: 0, attemptsMade: 2, lastError: 'x' } },
      ['retry_backoff', { until: at, attempts_made: 2, last_error: 'x' }],
    ],
    [
      'it failed, nobody says how',
      { job: { state: 'delayed', until: 0, attemptsMade: 2, lastError: null } },
      ['retry_backoff', { until: at, attempts_made: 2, last_error: null }],
    ],
    ['no agent could read it', { job: { state: 'delayed', until: 0, attemptsMade: 0, lastError: null } }, ['newer_agent', { capability: 'c' }]],
    ['it is not in the queue', { job: { state: 'missing' } }, ['not_sent', {}]],
    ['nobody asked the queue', {}, ['not_sent', {}]],
    ['its reply is on its way', { job: { state: 'completed', report: null } }, ['reply_underway', {}]],
    ['its failure is on its way', { job: { state: 'failed', reason: 'x' } }, ['reply_underway', {}]],
    ['it waits in the queue', { job: { state: 'queued', position: 3 }, served: { agents: 2 } }, ['queued', { capability: 'c', position: 3, agents: 2 }]],
    ['it waits somewhere in the queue', { job: { state: 'queued', position: null } }, ['queued', { capability: 'c', position: null, agents: null }]],
    ['there is no agent', { job: { state: 'queued', position: 0 }, served: { agents: 0 } }, ['no_agent', { capability: 'c' }]],
    [
      'there is a limit',
      { job: { state: 'queued', position: 0 }, served: { limit: 2, active: 2 } },
      ['concurrency_limit', { capability: 'c', limit: 2, active: 2 }],
    ],
    [
      'there is a limit that is not reached',
      { job: { state: 'queued', position: 0 }, served: { limit: 2, active: 1 } },
      ['queued', { capability: 'c', position: 0, agents: 1 }],
    ],
  ])('because %s', (_, facts, expected) => {
    expect(why(task(), 'a', facts)).toEqual(expected);
  });

  it('because others are not', () => {
    const scene = play([{ id: 'a' }, { id: 'x' }, { id: 'b', needs: ['a', 'x'] }]);
    expect(why(scene, 'b')).toEqual(['deps', { deps: ['a', 'x'] }]);
    // What stands in the queue before its turn waits for the same.
    const inTree = play([{ id: 'a' }, { id: 'b', needs: ['a'] }], { sameTree: () => true });
    expect(why(inTree, 'b', { job: { state: 'queued', position: null } })).toEqual(['deps', { deps: ['a'] }]);
    scene.complete('a');
    expect(why(scene, 'b')).toEqual(['deps', { deps: ['x'] }]);
    expect(why(scene, 'a')).toBeUndefined();
  });

  it('because the workflow is paused', () => {
    const scene = task();
    scene.control('pause');
    scene.complete('a');
    expect(why(scene, 'b')).toEqual(['paused', { by: 'ann', since: at }]);
  });

  it('because it was handed back while the workflow is paused, also as a part', () => {
    const scene = play([{ id: 'm', kind: 'map', over: [1], each: { capability: 'c' } }]);
    scene.control('pause');
    scene.reply('m[0]', { status: 'held' });
    expect(why(scene, 'm[0]')).toEqual(['paused', { by: 'ann', since: at }]);
  });

  it('because the workflow has not been started', () => {
    const { type, header } = task().workflow;
    const workflow = createWorkflow(header, type);
    expect(whyWaiting(workflow, { jobs: new Map(), capabilities: new Map() })).toMatchObject([
      { subtaskId: 'a', reason: 'not_sent' },
      { subtaskId: 'b', reason: 'deps' },
    ]);
  });

  it('because of people, signals and time', () => {
    const scene = play([
      { id: 'ok', kind: 'approval', required: 2, timeout_ms: 1 },
      { id: 's', kind: 'signal', signal: 'go', timeout_ms: 1 },
      { id: 'z', kind: 'sleep', for_ms: 1 },
    ]);
    scene.take({ kind: 'answered', id: '1', subtaskId: 'ok', answer: { by: 'bob', decision: 'approve', at: 0 } });
    const then = new Date(1).toISOString();
    expect(why(scene, 'ok')).toEqual(['awaiting_approval', { answered_by: ['bob'], expires: then }]);
    expect(why(scene, 's')).toEqual(['awaiting_signal', { signal: 'go', expires: then }]);
    expect(why(scene, 'z')).toEqual(['sleeping', { until: then }]);
  });

  it('because its agents have too much to do', () => {
    const scene = task();
    scene.reply('a', { status: 'overloaded', retryAfterMs: 1 });
    expect(why(scene, 'a')).toEqual(['overloaded', { until: new Date(1).toISOString(), times: 1 }]);
  });

  it('because its parts are not, and its parts for their own reasons', () => {
    const scene = play([
      { id: 'm', kind: 'map', over: [1, 2], each: { capability: 'c' } },
      { id: 'l', kind: 'loop', threshold: 1, generate: { capability: 'c' }, critique: { capability: 'c' } },
      { id: 'p', kind: 'plan', capability: 'planner', allow: ['*'] },
      { id: 'w', kind: 'workflow', type: 't' },
    ]);
    scene.complete('m[0]');
    expect(why(scene, 'm')).toEqual(['parts', { settled: 1, of: 2 }]);
    expect(why(scene, 'm[1]', { job: { state: 'queued', position: 0 } })).toMatchObject(['queued', {}]);
    expect(why(scene, 'l')).toEqual(['parts', { round: 1 }]);
    expect(why(scene, 'w')).toEqual(['child_workflow', { since: at }]);
    scene.complete('p', [
      { id: 'x', capability: 'c' },
      { id: 'y', capability: 'c', needs: ['x'] },
    ]);
    expect(why(scene, 'p')).toEqual(['parts', { settled: 0, of: 2 }]);
    expect(why(scene, 'p/y')).toEqual(['deps', { deps: ['p/x'] }]);
    scene.control('pause');
    scene.complete('p/x');
    expect(why(scene, 'p/y')).toEqual(['paused', { by: 'ann', since: at }]);
    expect(why(scene, 'p')).toEqual(['parts', { settled: 1, of: 2 }]);
  });

  it('says nothing of a workflow that has ended, nor of the parts of a plan that is no more', () => {
    const scene = play([{ id: 'p', kind: 'plan', capability: 'planner', allow: ['*'] }]);
    scene.complete('p', [{ id: 'x', capability: 'c' }]);
    scene.complete('p/x');
    expect(whyWaiting(scene.workflow, { jobs: new Map(), capabilities: new Map() })).toEqual([]);
    scene.control({ action: 'rerun', from: 'p' });
    expect(whyWaiting(scene.workflow, { jobs: new Map(), capabilities: new Map() }).map(({ subtaskId }) => subtaskId)).toEqual(['p']);
  });

  it('for each reason that there is', () => {
    expect([...seen].toSorted()).toEqual([...waitingReasons].toSorted());
  });
});
