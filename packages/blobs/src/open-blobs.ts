/** The blob store that the environment names (`BATON_BLOBS`), ready to be used; what does not work is told at the start. */
import { mkdir } from 'node:fs/promises';
import type { BlobStore } from '@baton/core';
import { type BlobPlace, exitCodes } from '@baton/protocol';
import { BlobStoreError } from './blob-store-error.ts';
import { createDirectoryBlobs } from './directory-blobs.ts';

/** BATON_BLOBS names something that cannot be used. */
export class BlobPlaceError extends Error {
  readonly code = 'BLOBS_UNUSABLE';
  readonly exitCode: number;

  constructor(cause: BlobStoreError) {
    super(`${cause.message}. Mend that, or set BATON_BLOBS to another place, the same in all processes.`, { cause });
    this.exitCode = cause.code === 'REFUSED' ? exitCodes.badInput : exitCodes.unreachable;
  }
}

/**
 * @returns undefined: each shard has its own, in its Redis, which is what whoever takes a blob store does without one
 * @throws {BlobPlaceError}
 */
export async function openBlobs(place: BlobPlace): Promise<BlobStore | undefined> {
  try {
    switch (place.kind) {
      case 'redis':
        return undefined;
      case 'directory':
        await mkdir(place.path, { recursive: true }).catch((cause: Error) => {
          throw new BlobStoreError('REFUSED', `The blob directory ${place.path} cannot be made: ${cause.message}`, { cause });
        });
        return createDirectoryBlobs(place.path);
      case 's3': {
        const { openS3Blobs } = await import('./s3-blobs.ts');
        return await openS3Blobs(place);
      }
    }
  } catch (error) {
    throw error instanceof BlobStoreError ? new BlobPlaceError(error) : error;
  }
}
