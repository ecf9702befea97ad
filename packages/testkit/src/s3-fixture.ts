/** An S3 server in this process, on a port of its own and a directory that goes with it. */
// The packages that import the testkit must find them, too.
// oxlint-disable-next-line typescript/triple-slash-reference -- an import cannot bring in types of a module that has none
/// <reference path="./s3rver.d.ts" />
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from '@20minutes/s3rver';

/** It calculates `/bucket` for what the client signs as `/bucket/`; keys of access that it does not know it refuses all the same. */
const signatures = { allowMismatchedSignatures: true } as const;

export interface S3Fixture {
  readonly bucket: string;
  readonly endpoint: string;
  /** What a client must have in its environment. */
  readonly environment: { readonly AWS_ACCESS_KEY_ID: string; readonly AWS_SECRET_ACCESS_KEY: string };
  readonly stop: () => Promise<void>;
}

export async function startS3(bucket: string, port = 0): Promise<S3Fixture> {
  const directory = await mkdtemp(join(tmpdir(), 'baton-s3-'));
  const server = new S3rver({ address: '127.0.0.1', port, silent: true, directory, ...signatures, configureBuckets: [{ name: bucket, configs: [] }] });
  const listening = await server.run();
  return {
    bucket,
    endpoint: `http://127.0.0.1:${listening.port}`,
    environment: { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' },
    async stop() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
