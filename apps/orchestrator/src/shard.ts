/** An orchestrator's part in one shard: replies, partitions, notifications. Shards share the process and the connection, and nothing else. */
import type { BlobStore, Schema, WorkflowStore } from '@baton/core';
import { createSweeper, sweepEveryMs } from '@baton/doctor';
import type { Engine } from '@baton/engine';
import { consumeWebhooks, createPartitionLeases, createReplyReader, type Redis } from '@baton/queue';
import type { Logger } from '@baton/telemetry';
import { startJanitor } from './janitor.ts';
import { createNewerPartitions } from './newer-partitions.ts';
import { holdPartitions } from './ownership.ts';
import { type SettleLoop, startSettleLoop } from './settle-loop.ts';
import { startSweeping } from './sweeping.ts';
import { reportUnserved } from './unserved.ts';

export interface ShardOptions {
  readonly redis: Redis;
  /** Of the shard. */
  readonly prefix: string;
  readonly engine: Engine;
  readonly store: WorkflowStore;
  readonly blobs: BlobStore | undefined;
  readonly schema: Schema;
  readonly owner: string;
  readonly leaseMs: number;
  readonly janitorMs: number;
  readonly finishMs: number;
  readonly log: Logger;
  readonly warn: (event: string, err: unknown) => void;
}

export interface Shard {
  readonly prefix: string;
  readonly loop: SettleLoop;
  /** Takes its share of the partitions. */
  hold(): Promise<void>;
  /** Finishes what is in hand, gives its partitions back. */
  close(): Promise<void>;
}

/** Reads and settles from now on what `hold` brings it. */
export function openShard({ redis, prefix, blobs, schema, engine, store, owner, leaseMs, janitorMs, finishMs, log, warn }: ShardOptions): Shard {
  const reader = createReplyReader({ redis, prefix, blobs, schema });
  const newer = createNewerPartitions(log, schema.version);
  const loop = startSettleLoop({ engine, reader, onNewer: newer.meet, warn });
  const closing = new AsyncDisposableStack();
  closing.defer(() => reader.close());
  return {
    prefix,
    loop,
    async hold() {
      const ownership = await holdPartitions({
        leases: createPartitionLeases({ redis, prefix, owner, leaseMs, schemaVersion: schema.version }),
        leaseMs,
        newer: newer.met,
        onChange: (partitions) => {
          log.info({ event: 'partitions_owned', owner, prefix, partitions });
          loop.own(partitions);
        },
        warn,
      });
      closing.defer(() => ownership.release());
      closing.defer(() => loop.stop());
      const lookout = reportUnserved(redis, prefix, log);
      closing.defer(() => lookout.close());
      const janitor = startJanitor(redis, prefix, janitorMs, log);
      closing.defer(() => janitor.close());
      const sweeping = startSweeping(createSweeper({ redis, prefix, store, now: Date.now }), sweepEveryMs, log);
      closing.defer(() => sweeping.close());
      const webhooks = await consumeWebhooks({ redis, prefix, schema, onError: (err) => warn('webhook_failed', err) });
      closing.defer(() => webhooks.close(finishMs));
    },
    close: () => closing.disposeAsync(),
  };
}
