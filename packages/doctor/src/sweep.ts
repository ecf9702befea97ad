/**
 * What is cleaned up without anybody asking: what crashes, and times without an orchestrator, leave behind, and what no other work comes by to take away.
 * **Invariant:** nothing goes that anybody could still need, as with the doctor's fix. One process in a deployment at a time does it, and not more
 * often than it must; who dies in the middle leaves the rest to the next.
 */
import { type Redis, removeOrphans, serverOf, takeTurn, trimFinishedJobs } from '@baton/queue';
import { createIndexSweep, expireForgottenDefinitions, forgottenDefinitions } from '@baton/store';
import { orphansOf, type Patient } from './doctor.ts';

export const sweepEveryMs = 5 * 60_000;
/** Each takes up to a thousand in each state of each queue. */
const orphanRoundsMax = 20;

export interface Swept {
  /** Jobs of workflows that have ended or are not there any more. */
  readonly orphanedJobs: number;
  /** Jobs that have been done for too long, in queues where no other is done. */
  readonly finishedJobs: number;
  /** Of workflows that Redis expired before an orchestrator purged them. */
  readonly listEntries: number;
  readonly counters: number;
  /** That no type has any more: they expire now. */
  readonly definitions: number;
}

export interface Sweeper {
  /** @returns null where it is not its turn */
  sweep(): Promise<Swept | null>;
}

export function createSweeper(deps: Patient, everyMs = sweepEveryMs): Sweeper {
  const { redis, prefix } = deps;
  const lists = createIndexSweep(redis, prefix);
  return {
    async sweep() {
      if (!(await takeTurn(redis, prefix, 'sweep', everyMs))) return null;
      const orphanedJobs = await withoutOrphans(deps);
      const finishedJobs = await trimFinishedJobs(redis, prefix);
      const { entries: listEntries, counters } = await lists.next();
      return { orphanedJobs, finishedJobs, listEntries, counters, definitions: await expireDefinitions(redis, prefix) };
    },
  };
}

async function withoutOrphans(deps: Patient): Promise<number> {
  let removed = 0;
  for (let round = 0; round < orphanRoundsMax; round += 1) {
    const found = (await removeOrphans(orphansOf(deps))).flatMap(({ jobIds }) => jobIds);
    if (found.length === 0) break;
    removed += found.length;
  }
  return removed;
}

async function expireDefinitions(redis: Redis, prefix: string): Promise<number> {
  const { hashes } = await forgottenDefinitions(redis, serverOf(redis, prefix), prefix);
  return await expireForgottenDefinitions(redis, prefix, hashes);
}
