/** GET /v1/workflows/:id?parts=false: the workflow with its subtasks, live: what runs is asked of the queue now, in one round trip. */
import { askedCapability, boardOf, type DispatchRef, findNode, type JobFacts, placeOf, type Workflow } from '@baton/core';
import { z } from 'zod';
import { ok } from '../answer.ts';
import type { ApiDeps, Handler } from '../deps.ts';
import { parseInput } from '../input.ts';
import { workflowView } from '../view.ts';
import { unknownWorkflow, workflowIdOf } from '../workflow-id.ts';

/** Without the parts of maps, loops and plans, which may be thousands, these are only counted. */
const Query = z.strictObject({ parts: z.enum(['true', 'false']).default('true') });

/**
 * BullMQ finds a waiting job by walking its list, so asking about all of 10,000 would hold Redis up for seconds. What agents are at work on stands
 * at the front; further back a subtask is shown as it is recorded, assigned.
 */
const liveMax = 500;

export const getWorkflow: Handler = async ({ store, queue, now }, request) => {
  const query = parseInput(Query, 'The query is', request.query);
  if (!query.ok) return query.answer;
  const id = workflowIdOf(request);
  const workflow = id === null ? null : await store.load(id);
  if (workflow === null) return unknownWorkflow(request);
  const hasParts = query.value.parts === 'true';
  return ok(workflowView(workflow, { facts: await assignedFacts(workflow, queue, hasParts), now: now(), hasParts }));
};

async function assignedFacts(workflow: Workflow, queue: ApiDeps['queue'], hasParts: boolean): Promise<ReadonlyMap<string, JobFacts>> {
  const board = boardOf(workflow);
  const refs: DispatchRef[] = [...workflow.subtasks].flatMap(([subtaskId, { status, generation }]) => {
    if (status !== 'assigned' || (!hasParts && placeOf(subtaskId).in !== 'definition')) return [];
    const node = findNode(board, subtaskId);
    // A child workflow is assigned too, but has no job.
    if (node === undefined || node.kind === 'workflow') return [];
    return [{ workflowId: workflow.header.id, subtaskId, generation, capability: askedCapability(board, subtaskId) }];
  });
  const asked = refs.slice(0, liveMax);
  if (asked.length === 0) return new Map();
  const facts = await queue.facts(asked);
  return new Map(asked.flatMap(({ subtaskId }, index) => (facts[index] === undefined ? [] : [[subtaskId, facts[index]] as const])));
}
