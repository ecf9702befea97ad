/** Partitions in which something of a newer schema was met: said once each, and remembered for whoever shares them out. */
import type { Logger } from '@baton/telemetry';

export interface NewerPartitions {
  readonly met: ReadonlySet<number>;
  readonly meet: (partitions: readonly number[]) => void;
}

/** @param knows the version of our schema */
export function createNewerPartitions(log: Pick<Logger, 'warn'>, knows: number): NewerPartitions {
  const met = new Set<number>();
  return {
    met,
    meet(partitions) {
      for (const partition of partitions.filter((each) => !met.has(each))) {
        log.warn({ event: 'newer_schema', partition, knows });
        met.add(partition);
      }
    },
  };
}
