/**
 * Keeps this orchestrator's share of the partitions while it lives, apart from the settling: a long batch must not cost it its leases.
 * A lease that could not be renewed counts as lost when it would have expired. Partitions with something of a newer schema in them are given up to
 * those who know it, and kept, with what is known of them, while there is nobody.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { PartitionLeases } from '@baton/core';

/** Of a renewal that fails there are some more before the lease is over; and so much sooner is one found that is over. */
const turnsPerLease = 4;
/** How long what somebody gave back may wait for the next owner. */
const turnMsMax = 250;

export interface OwnershipOptions {
  readonly leases: PartitionLeases;
  readonly leaseMs: number;
  /** Partitions in which something of a newer schema was met so far. */
  readonly newer: ReadonlySet<number>;
  /** Called whenever the set changes. */
  readonly onChange: (partitions: readonly number[]) => void;
  readonly warn: (event: string, error: unknown) => void;
}

export interface Ownership {
  /** Gives everything back, so that others need not wait for the leases to expire. */
  release(): Promise<void>;
}

/** Resolves after the first turn. */
export async function holdPartitions({ leases, leaseMs, newer, onChange, warn }: OwnershipOptions): Promise<Ownership> {
  const stopping = new AbortController();
  let held: readonly number[] = [];
  let renewedAt = performance.now();
  function hold(partitions: readonly number[]): void {
    if (partitions.join() === held.join()) return;
    held = partitions;
    onChange(held);
  }

  async function turn(): Promise<void> {
    const askedAt = performance.now();
    const expiry = setTimeout(() => hold([]), Math.max(0, renewedAt + leaseMs - askedAt));
    try {
      hold(await leases.refresh([...newer]));
      renewedAt = askedAt;
    } catch (error) {
      warn('leases_not_renewed', error);
    } finally {
      clearTimeout(expiry);
    }
  }

  async function turns(): Promise<void> {
    while (!stopping.signal.aborted) {
      await delay(Math.min(leaseMs / turnsPerLease, turnMsMax), undefined, { signal: stopping.signal }).catch(() => undefined);
      if (!stopping.signal.aborted) await turn();
    }
  }

  await turn();
  const running = turns();
  return {
    async release() {
      stopping.abort();
      await running;
      await leases.release();
    },
  };
}
