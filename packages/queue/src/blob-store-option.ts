/** Where the payloads over the inline limit are: what every part of this package that meets them is told in the same way. */
import { createRedisBlobs, type Payloads, payloadsOf } from '@baton/blobs';
import type { BlobStore } from '@baton/core';
import type { Redis } from './redis.ts';

export interface BlobStoreOption {
  readonly redis: Redis;
  readonly prefix: string;
  /** Absent: this Redis. */
  readonly blobs?: BlobStore | undefined;
}

export function payloadsIn({ redis, prefix, blobs }: BlobStoreOption): Payloads {
  return payloadsOf(blobs ?? createRedisBlobs({ redis, prefix }));
}
