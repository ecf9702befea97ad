/** Admission in a deployment of several shards: each lets in its share of what the limits say, at least one. What waits may go where there is room. */
import { shareOf } from '@baton/core';
import { type Admission, type AdmissionDeps, createAdmission } from './admission.ts';

export interface Admissions {
  /** In the order of the shards. */
  readonly admissions: readonly Admission[];
  readonly room: Admission['room'];
}

export function createAdmissions(
  shards: readonly Pick<AdmissionDeps, 'store' | 'load'>[],
  { activeMax, queuedMax, now }: Omit<AdmissionDeps, 'store' | 'load'>,
): Admissions {
  const share = (limit: number | null, shard: number): number | null => (limit === null ? null : Math.max(1, shareOf(limit, shard, shards.length)));
  const admissions = shards.map((own, shard) => createAdmission({ ...own, activeMax: share(activeMax, shard), queuedMax: share(queuedMax, shard), now }));
  return {
    admissions,
    async room(waitsFor) {
      const rooms = await Promise.all(admissions.map((admission) => admission.room(waitsFor)));
      return rooms.reduce((sum, room) => sum + room, 0);
    },
  };
}
