/** GET /v1/workflows/:id: the workflow with its subtasks, live: what runs is asked of the queue now, in one round trip. */
import type { DispatchRef, JobFacts, Workflow } from '@baton/core';
import { ok } from '../answer.ts';
import type { ApiDeps, Handler } from '../deps.ts';
import { workflowView } from '../view.ts';
import { unknownWorkflow, workflowIdOf } from '../workflow-id.ts';

export const getWorkflow: Handler = async ({ store, queue, now }, request) => {
  const id = workflowIdOf(request);
  const workflow = id === null ? null : await store.load(id);
  if (workflow === null) return unknownWorkflow(request);
  return ok(workflowView(workflow, await assignedFacts(workflow, queue), now()));
};

async function assignedFacts(workflow: Workflow, queue: ApiDeps['queue']): Promise<ReadonlyMap<string, JobFacts>> {
  const refs: DispatchRef[] = [...workflow.subtasks].flatMap(([subtaskId, subtask]) => {
    const node = workflow.type.graph.nodes.get(subtaskId);
    if (node === undefined || subtask.status !== 'assigned') return [];
    return [{ workflowId: workflow.header.id, subtaskId, generation: subtask.generation, capability: node.capability }];
  });
  if (refs.length === 0) return new Map();
  const facts = await queue.facts(refs);
  return new Map(refs.flatMap(({ subtaskId }, index) => (facts[index] === undefined ? [] : [[subtaskId, facts[index]] as const])));
}
