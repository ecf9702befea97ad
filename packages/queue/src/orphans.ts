/**
 * Jobs whose workflow has ended or is not there any more. An agent that takes one finds the flag of its workflow and drops it; where no agent
 * comes, they stay. Nothing is lost with them: nobody would settle what they brought, and a workflow that is run again dispatches under other ids.
 * Not here: jobs that an agent has in hand, which are told to stop by the same flag.
 */
import { capabilityQueue } from '@baton/protocol';
import type { Queue } from 'bullmq';
import { knownCapabilities } from './capability-set.ts';
import { openQueue } from './queue-handle.ts';
import type { Redis } from './redis.ts';

/** Those that would run first, which are the oldest: of each state of a queue. */
const jobsPerStateMax = 1_000;
const workflowsAtOnceMax = 100;
const states = ['waiting', 'prioritized', 'delayed', 'waiting-children'] as const;
/** `<workflow>~<subtask>~<generation>`, which only we give. */
const dispatchPattern = /^([^~]+)~[^~]+~\d+$/;

export interface Orphans {
  readonly capability: string;
  readonly jobIds: readonly string[];
}

export interface OrphansOptions {
  readonly redis: Redis;
  readonly prefix: string;
  /** Whether nothing of the workflow can be settled any more: it has ended, or there is none. */
  readonly isOver: (workflowId: string) => Promise<boolean>;
}

/** Only of queues that have some. */
export async function findOrphans(options: OrphansOptions): Promise<readonly Orphans[]> {
  return await ofEachQueue(options, async (queue, capability) => ({ capability, jobIds: await orphansIn(queue, options) }));
}

/** @returns what was removed; what an agent has taken up meanwhile is left to it */
export async function removeOrphans(options: OrphansOptions): Promise<readonly Orphans[]> {
  return await ofEachQueue(options, async (queue, capability) => {
    const jobIds = await orphansIn(queue, options);
    const removed: string[] = [];
    for (const jobId of jobIds) {
      // In a tree all are of one workflow: those below go with it.
      if ((await queue.remove(jobId, { removeChildren: true })) === 1) removed.push(jobId);
    }
    return { capability, jobIds: removed };
  });
}

async function ofEachQueue({ redis, prefix }: OrphansOptions, act: (queue: Queue, capability: string) => Promise<Orphans>): Promise<readonly Orphans[]> {
  const found: Orphans[] = [];
  // One after the other: this is no business of the moment, and each has many to ask about.
  for (const capability of (await knownCapabilities(redis, prefix)).toSorted()) {
    const queue = openQueue(redis, prefix, capabilityQueue(capability));
    const orphans = await act(queue, capability);
    await queue.close();
    if (orphans.jobIds.length > 0) found.push(orphans);
  }
  return found;
}

/** The jobs are listed before their workflows are looked up: one that is run again in between has others. */
async function orphansIn(queue: Queue, { isOver }: OrphansOptions): Promise<readonly string[]> {
  const jobIds = await queue.getRanges([...states], 0, jobsPerStateMax - 1, true);
  const byWorkflow = Map.groupBy(jobIds, (jobId) => dispatchPattern.exec(jobId)?.[1]);
  const workflowIds = [...byWorkflow.keys()].filter((id) => id !== undefined);
  const orphans: string[] = [];
  for (let from = 0; from < workflowIds.length; from += workflowsAtOnceMax) {
    const some = workflowIds.slice(from, from + workflowsAtOnceMax);
    const areOver = await Promise.all(some.map(isOver));
    orphans.push(...some.flatMap((id, index) => (areOver[index] === true ? (byWorkflow.get(id) ?? []) : [])));
  }
  return orphans;
}
