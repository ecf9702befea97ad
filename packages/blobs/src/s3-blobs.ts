/**
 * Blobs in S3, or what speaks like it: `<prefix><workflow id>/<sha256>` in a bucket that exists. Loaded only where it is asked for, for the client is big.
 * Credentials are the client's own business: AWS's usual environment, files and roles. What is left when an agent died before its reply, or put something for a
 * workflow that was gone, is the bucket's to expire (a lifecycle rule, see ARCHITECTURE.md).
 */
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import type { BlobStore } from '@baton/core';
import { BlobStoreError } from './blob-store-error.ts';

export interface S3Place {
  readonly bucket: string;
  /** Before each key: empty, or with a slash at its end. */
  readonly keyPrefix: string;
  /** In place of AWS's own. */
  readonly endpoint?: string;
  /** Absent: as AWS's usual environment says. */
  readonly region?: string;
}

/** The client tries three times, each with these bounds; then it is the caller's turn. */
const requestHandler = { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true } as const;

/** @throws {BlobStoreError} where the bucket does not answer, or not to us */
export async function openS3Blobs({ bucket, keyPrefix, endpoint, region }: S3Place): Promise<BlobStore> {
  const client = new S3Client({
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(region !== undefined && { region }),
    requestHandler,
    // What others than AWS need not know.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const keyOf = (workflowId: string, sha256: string): string => `${keyPrefix}${workflowId}/${sha256}`;
  await told(bucket, () => client.send(new HeadBucketCommand({ Bucket: bucket })));
  return {
    goesWithRecord: false,
    async put(workflowId, sha256, text) {
      const object = { Bucket: bucket, Key: keyOf(workflowId, sha256) };
      // The question is short, the text is not.
      const found = await told(bucket, () => client.send(new HeadObjectCommand(object)).catch(nullIfAbsent));
      if (found === null) await told(bucket, () => client.send(new PutObjectCommand({ ...object, Body: text, ContentType: 'application/json' })));
    },
    async get(workflowId, sha256) {
      const object = { Bucket: bucket, Key: keyOf(workflowId, sha256) };
      return await told(bucket, async () => {
        const found = await client.send(new GetObjectCommand(object)).catch(nullIfAbsent);
        return (await found?.Body?.transformToString('utf-8')) ?? null;
      });
    },
    async purge(workflowId) {
      await told(bucket, async () => {
        for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: keyOf(workflowId, '') })) {
          const objects = Contents.map(({ Key }) => ({ Key: Key as string }));
          if (objects.length > 0) await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects, Quiet: true } }));
        }
      });
    },
  };
}

function nullIfAbsent(error: unknown): null {
  if (['NoSuchKey', 'NotFound'].includes((error as Error).name)) return null;
  throw error;
}

async function told<Value>(bucket: string, act: () => Promise<Value>): Promise<Value> {
  try {
    return await act();
  } catch (cause) {
    const { name, message, $metadata } = cause as Error & { readonly $metadata?: { readonly httpStatusCode?: number } };
    const status = $metadata?.httpStatusCode ?? 0;
    // Names only what the environment says anyway; the client puts no credentials into its messages.
    const what = `The bucket ${bucket} ${status === 0 ? 'does not answer' : `answers with status ${status}`}: ${message === 'UnknownError' ? name : message}`;
    throw new BlobStoreError(status >= 400 && status < 500 && status !== 429 ? 'REFUSED' : 'UNREACHABLE', what, { cause });
  }
}
