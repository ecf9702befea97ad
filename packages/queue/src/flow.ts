/**
 * Trees with inputs, as BullMQ's flows: a job that stands before another is its child, and BullMQ starts the other when all of its children are done.
 * Each child may fail without failing the other, which finds out itself what its inputs have brought: nobody waits for what never comes (BULLMQ.md, T6).
 * **Invariant:** a tree is added whole or not at all, and a tree that is not there is never reported as added (T2).
 */
import { type Assignment, assignmentsOf, dispatchId, type Tree } from '@baton/core';
import { capabilityQueue } from '@baton/protocol';
import { type FlowJob, FlowProducer, type JobsOptions, QueueKeys } from 'bullmq';
import type { Redis } from './redis.ts';

/** Each chunk is one MULTI, in which Redis does nothing else (T12). */
const jobsPerChunkMax = 200;

export interface FlowsOptions {
  readonly redis: Redis;
  readonly prefix: string;
  /** The job of an assignment, as it would be without a tree. */
  readonly jobOf: (assignment: Assignment) => { readonly name: string; readonly data: unknown; readonly opts: JobsOptions };
}

export interface Flows {
  add(trees: readonly Tree[]): Promise<void>;
  close(): Promise<void>;
}

export function createFlows({ redis, prefix, jobOf }: FlowsOptions): Flows {
  let opened: FlowProducer | undefined;
  const keys = new QueueKeys(prefix);

  function producer(): FlowProducer {
    if (opened === undefined) {
      opened = new FlowProducer({ connection: redis, prefix, skipVersionCheck: true });
      // The connection's own observer reports its errors; without a listener they would end the process.
      opened.on('error', () => {});
    }
    return opened;
  }

  function flowOf({ assignment, inputs }: Tree): FlowJob {
    return {
      ...jobOf(assignment),
      queueName: capabilityQueue(assignment.capability),
      children: inputs.map((input) => {
        const child = flowOf(input);
        return { ...child, opts: { ...child.opts, ignoreDependencyOnFailure: true } };
      }),
    };
  }

  async function addChunk(trees: readonly Tree[]): Promise<void> {
    await producer().addBulk(trees.map(flowOf));
    // It resolves whatever the scripts said. Without the root nothing is stored, and what is missing below it lacks a leaf.
    const ends = new Set(trees.flatMap((tree) => [tree.assignment, ...leavesOf(tree)]).map(keyOf));
    const found = await redis.exists(...ends);
    if (found < ends.size) throw new Error(`BullMQ did not store ${ends.size - found} of the ${ends.size} roots and leaves of ${trees.length} trees.`);
  }

  function keyOf({ capability, workflowId, subtaskId, generation }: Assignment): string {
    return keys.toKey(capabilityQueue(capability), dispatchId(workflowId, subtaskId, generation));
  }

  return {
    async add(trees) {
      await Promise.all(chunksOf(trees).map(addChunk));
    },
    async close() {
      await opened?.close();
    },
  };
}

function leavesOf({ assignment, inputs }: Tree): readonly Assignment[] {
  return inputs.length === 0 ? [assignment] : inputs.flatMap(leavesOf);
}

/** No tree is cut apart: one that is bigger than a chunk is a chunk of its own. */
function chunksOf(trees: readonly Tree[]): readonly (readonly Tree[])[] {
  const chunks: Tree[][] = [];
  let room = 0;
  for (const tree of trees) {
    const size = assignmentsOf(tree).length;
    const last = chunks.at(-1);
    if (last === undefined || size > room) {
      chunks.push([tree]);
      room = jobsPerChunkMax - size;
    } else {
      last.push(tree);
      room -= size;
    }
  }
  return chunks;
}
