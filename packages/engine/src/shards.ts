/**
 * The engines of a deployment of several shards: one for each, which knows nothing of the others, and what is asked of the deployment, which goes to
 * the shard of the workflow's id.
 */
import { shardOf } from '@baton/core';
import type { EngineDeps } from './deps.ts';
import { createEngine, type Engine } from './engine.ts';
import { newWorkflowId, type Start } from './start.ts';

/** What people and producers ask, of any workflow. */
export type FrontDesk = Omit<Engine, 'settle' | 'tick'>;

export interface Engines {
  /** In the order of the shards. */
  readonly engines: readonly Engine[];
  readonly desk: FrontDesk;
}

/** @param deps of each shard, in their order; with one there is nothing between it and who asks */
export function createEngines(deps: readonly EngineDeps[]): Engines {
  const start: Start = async (request) => {
    const workflowId = request.workflowId ?? newWorkflowId();
    return await engineOf(workflowId).start({ ...request, workflowId });
  };
  const engines = deps.map((own) => createEngine(deps.length === 1 ? own : { ...own, startAnywhere: start }));
  const [home] = engines as [Engine, ...Engine[]];
  const engineOf = (workflowId: string): Engine => engines[shardOf(workflowId, engines.length)] as Engine;
  if (engines.length === 1) return { engines, desk: home };
  const desk: FrontDesk = {
    start,
    register: home.register,
    control: (workflowId, ...asked) => engineOf(workflowId).control(workflowId, ...asked),
    answer: (workflowId, ...asked) => engineOf(workflowId).answer(workflowId, ...asked),
    signal: (workflowId, ...asked) => engineOf(workflowId).signal(workflowId, ...asked),
    approvals: (workflowId) => engineOf(workflowId).approvals(workflowId),
    restart: (workflowId, ...asked) => engineOf(workflowId).restart(workflowId, ...asked),
    why: (workflowId) => engineOf(workflowId).why(workflowId),
  };
  return { engines, desk };
}
