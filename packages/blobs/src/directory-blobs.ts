/**
 * Blobs as files, `<directory>/<workflow id>/<sha256>`, for processes that share a file system. A file appears whole or not at all, and is on the disk by then.
 * Neither ids nor hashes can lead out of the directory: their alphabets have no separator and do not begin with a dot.
 */
import { randomUUID } from 'node:crypto';
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore } from '@baton/core';
import { BlobStoreError } from './blob-store-error.ts';

export function createDirectoryBlobs(directory: string): BlobStore {
  const folderOf = (workflowId: string): string => join(directory, workflowId);
  return {
    goesWithRecord: false,
    async put(workflowId, sha256, text) {
      const path = join(folderOf(workflowId), sha256);
      await told(directory, async () => {
        if (await exists(path)) return;
        await mkdir(folderOf(workflowId), { recursive: true });
        const draft = `${path}.${randomUUID()}`;
        try {
          await writeFile(draft, text, { flush: true });
          await rename(draft, path);
        } catch (error) {
          await rm(draft, { force: true });
          throw error;
        }
      });
    },
    get: (workflowId, sha256) =>
      told(directory, () =>
        readFile(join(folderOf(workflowId), sha256), 'utf8').catch((error: unknown) => {
          if (codeOf(error) === 'ENOENT') return null;
          throw error;
        }),
      ),
    purge: (workflowId) => told(directory, () => rm(folderOf(workflowId), { recursive: true, force: true })),
  };
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT') return false;
      throw error;
    },
  );
}

async function told<Value>(directory: string, act: () => Promise<Value>): Promise<Value> {
  try {
    return await act();
  } catch (cause) {
    const code = codeOf(cause) ?? '';
    const refused = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENOSPC', 'EDQUOT'].includes(code);
    throw new BlobStoreError(refused ? 'REFUSED' : 'UNREACHABLE', `The blob directory ${directory} cannot be used: ${(cause as Error).message}`, { cause });
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
