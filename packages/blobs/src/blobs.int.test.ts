/** Each blob store keeps the contract, and says what is wrong where it cannot. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blobsContract, createMemoryBlobs, type RedisFixture, randomPrefix, type S3Fixture, startRedis, startS3 } from '@baton/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createDirectoryBlobs, createRedisBlobs, openBlobs } from './index.ts';
import { openS3Blobs } from './s3-blobs.ts';

let fixture: RedisFixture;
let redis: Redis;
let s3: S3Fixture;
let root: string;

beforeAll(async () => {
  [fixture, s3, root] = await Promise.all([startRedis({ isSingle: true }), startS3('payloads'), mkdtemp(join(tmpdir(), 'baton-blobs-'))]);
  redis = new Redis(fixture.url);
  for (const [name, value] of Object.entries(s3.environment)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  redis.disconnect();
  await Promise.all([fixture.stop(), s3.stop(), rm(root, { recursive: true, force: true })]);
});

let places = 0;
const s3Place = (keyPrefix = 'some/prefix/') => ({ bucket: s3.bucket, endpoint: s3.endpoint, region: 'us-east-1', keyPrefix });

blobsContract('memory', async () => {
  const blobs = createMemoryBlobs();
  return { blobs, reopen: async () => blobs };
});
blobsContract('Redis', async () => {
  const prefix = randomPrefix();
  const open = () => createRedisBlobs({ redis, prefix });
  return { blobs: open(), reopen: async () => open() };
});
blobsContract('a directory', async () => {
  const directory = join(root, `${(places += 1)}`);
  return { blobs: createDirectoryBlobs(directory), reopen: async () => createDirectoryBlobs(directory) };
});
blobsContract('S3', async () => {
  const place = s3Place(`${(places += 1)}/`);
  return { blobs: await openS3Blobs(place), reopen: () => openS3Blobs(place) };
});

const sha256 = 'ab'.repeat(32);

test('in Redis, what no commit refers to expires by itself, and putting more does not put that off', async () => {
  const prefix = randomPrefix();
  const blobs = createRedisBlobs({ redis, prefix });
  await blobs.put('wf_1', sha256, '1');
  expect(await redis.pttl(`${prefix}:blob:wf_1`)).toBeGreaterThan(30 * 24 * 60 * 60_000);
  await redis.persist(`${prefix}:blob:wf_1`);
  await blobs.put('wf_1', 'cd'.repeat(32), '2');
  expect(await redis.pttl(`${prefix}:blob:wf_1`)).toBe(-1);
});

test('a Redis that refuses is told as such', async () => {
  const prefix = randomPrefix();
  await redis.set(`${prefix}:blob:wf_1`, 'another kind');
  await expect(createRedisBlobs({ redis, prefix }).put('wf_1', sha256, '1')).rejects.toMatchObject({
    code: 'REFUSED',
    message: expect.stringMatching(/WRONGTYPE/),
  });
});

test('a directory that cannot be used is told at the start, or when it is needed', async () => {
  const file = join(root, 'file');
  await writeFile(file, '');
  await expect(openBlobs({ kind: 'directory', path: join(file, 'below') })).rejects.toMatchObject({
    code: 'BLOBS_UNUSABLE',
    exitCode: 2,
    message: expect.stringMatching(/BATON_BLOBS/),
  });
  await expect(createDirectoryBlobs(file).put('wf_1', sha256, '1')).rejects.toMatchObject({ code: 'REFUSED', message: expect.stringContaining(file) });
});

test('a bucket that does not exist, and an S3 that does not answer, are told at the start', async () => {
  const place = s3Place();
  await expect(openBlobs({ kind: 's3', ...place, bucket: 'absent' })).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(/The bucket absent answers with status 404/),
  });
  await expect(openBlobs({ kind: 's3', ...place, endpoint: 'http://127.0.0.1:9' })).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(/The bucket payloads does not answer/),
  });
});

test('wrong credentials are told, and not shown', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'nobody');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'hunter2');
  const opened = openBlobs({ kind: 's3', ...s3Place() });
  await expect(opened).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(/The bucket payloads answers with status 403/) });
  await expect(opened).rejects.not.toMatchObject({ message: expect.stringContaining('hunter2') });
});
