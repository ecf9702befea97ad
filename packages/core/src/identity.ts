/** The identities that cross process boundaries, their alphabets, and the partition of a workflow. No ':' (BullMQ), no '~' and '/' (ours). */
import { z } from 'zod';
import { partitionCount } from './limits.ts';

export const WorkflowId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, 'must be 1 to 128 of the characters A-Z a-z 0-9 _ . - and begin with a letter or digit');

export const SubtaskId = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'must be 1 to 64 of the characters A-Z a-z 0-9 _ - and begin with a letter');

export const CapabilityName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,127}$/, 'must be 1 to 128 of the characters A-Z a-z 0-9 _ . - and begin with a letter, like data.fetch');

export const TypeName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,127}$/, 'must be 1 to 128 of the characters A-Z a-z 0-9 _ . - and begin with a letter, like sales_dashboard');

/** The id of one dispatch, as BullMQ job id and as message id: adding it twice is adding it once. */
export function dispatchId(workflowId: string, subtaskId: string, generation: number): string {
  return `${workflowId}~${subtaskId}~${generation}`;
}

/** Everything that happens to a workflow meets in one partition, and so in one orchestrator. */
export function partitionOf(workflowId: string): number {
  return fnv1a(workflowId) % partitionCount;
}

/**
 * Which of a deployment's shards has the workflow. What stands before the first dot decides: a workflow that is the work of a subtask has its
 * parent's id up to there (`childIdOf`), so both are in one shard, where one commit can end the one and tell the other. Of the hash another part than
 * the partition's: each shard has workflows of all partitions.
 */
export function shardOf(workflowId: string, shards: number): number {
  const dot = workflowId.indexOf('.');
  return Math.floor(fnv1a(dot === -1 ? workflowId : workflowId.slice(0, dot)) / partitionCount) % shards;
}

/** What of a limit falls to a shard: the shares of all make it up. */
export function shareOf(limit: number, shard: number, shards: number): number {
  return Math.floor(limit / shards) + (shard < limit % shards ? 1 : 0);
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/**
 * The workflow that is the work of a subtask: the same dispatch always means the same one, and no two mean one. `m[1]` becomes `m.1`, `plan/x`
 * `plan.x`, another generation ends in `.g2`: a step is either a map, a plan, or a workflow itself, so nothing else comes to the same.
 */
export function childIdOf(workflowId: string, subtaskId: string, generation: number): string {
  const step = subtaskId
    .replaceAll(/\[(\d+)\]/g, '.$1')
    .replaceAll('/', '.')
    .replaceAll('#', '.r');
  return `${workflowId}.${step}${generation === 0 ? '' : `.g${generation}`}`;
}
