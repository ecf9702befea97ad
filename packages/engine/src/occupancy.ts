/**
 * How full the deployment is, as far as starts are concerned: looked at once a second at most, and sooner only where so many were let in that what was
 * seen may not hold any more. The room in memory is what is left of a share of it when everything that is active has grown to its end.
 */
import type { Load, LoadReader, WorkflowStore } from '@baton/core';

/** Beyond this share of Redis' memory nothing new starts. */
export const memoryShareMax = 0.9;

export interface OccupancyDeps {
  readonly store: Pick<WorkflowStore, 'typeLimits' | 'activeCounts'>;
  readonly load: LoadReader;
  /** Whether what waits in the queues is to be counted. */
  readonly isQueuedAskedFor: boolean;
  /** ms that only ever grow. */
  readonly now: () => number;
}

/** What was seen. */
export interface View {
  readonly at: number;
  readonly load: Load;
  readonly active: ReadonlyMap<string, number>;
  readonly typeLimits: ReadonlyMap<string, number>;
  /** Starts that have room in memory, as far as one process may count on it; infinite where nobody knows. */
  readonly places: number;
  taken: number;
}

export interface Occupancy {
  /** Takes a place of what was seen. Where there is none at all, another look waits for its time. */
  takePlace(): Promise<View>;
  /** What it is now: one look for all who want one. */
  look(): Promise<View>;
  /** Carries out a start, which no look counts before it is done. */
  starting<Outcome>(start: () => Promise<Outcome>): Promise<Outcome>;
}

const lookEveryMs = 1_000;
/** What a workflow may come to take until it ends, beside what it takes now. For what brings more, the limit of its type is there. */
const growthBytes = 8 * 1024;
/** Other processes start workflows too, and see the same room: each takes a tenth of it at a time. */
const shareOfRoom = 0.1;

export function createOccupancy({ store, load, isQueuedAskedFor, now }: OccupancyDeps): Occupancy {
  let seen: View | undefined;
  let looking: Promise<View> | undefined;
  let inHand = 0;

  async function readView(): Promise<View> {
    const inHandBefore = inHand;
    const [facts, active, typeLimits] = await Promise.all([load.read(isQueuedAskedFor), store.activeCounts(), store.typeLimits()]);
    seen = { at: now(), load: facts, active, typeLimits, places: placesIn(facts.memory, sum(active) + inHandBefore), taken: 0 };
    return seen;
  }

  async function look(): Promise<View> {
    looking ??= readView().finally(() => {
      looking = undefined;
    });
    return await looking;
  }

  return {
    look,
    async takePlace() {
      const isGood = ({ at, places, taken }: View): boolean => now() - at < lookEveryMs && (places === 0 || taken < places);
      let view = seen ?? (await look());
      while (!isGood(view)) view = await look();
      // In the turn in which it was found free: many wait for one look.
      view.taken += 1;
      return view;
    },
    async starting(start) {
      inHand += 1;
      try {
        return await start();
      } finally {
        inHand -= 1;
      }
    },
  };
}

function placesIn(memory: Load['memory'], active: number): number {
  if (memory === null) return Number.POSITIVE_INFINITY;
  const free = memory.bytesMax * memoryShareMax - memory.usedBytes - active * growthBytes;
  const room = Math.floor(free / (2 * growthBytes));
  return room < 1 ? 0 : Math.max(1, Math.floor(room * shareOfRoom));
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
