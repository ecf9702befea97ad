/** What the API says of payloads: too long, out of reach, gone. */
import { BlobStoreError } from '@baton/blobs';
import { limits } from '@baton/core';
import { createMemoryStore } from '@baton/testkit';
import { expect, test } from 'vitest';
import { memoryApi, noon, report } from './fixture/memory-api.ts';

test('params over the limit are refused with the limit', async () => {
  const { post } = await memoryApi();
  const start = (bytes: number) => post('/v1/workflows', { definition: report, params: { source: 'x'.repeat(bytes) } });
  expect(await start(limits.payloadBytesMax)).toMatchObject({ status: 413, body: { code: 'payload_too_large', detail: expect.stringContaining('16777216') } });
  expect(await start(limits.payloadBytesMax - 1_000)).toMatchObject({ status: 201 });
});

test('a blob store that cannot be used now: 503, and when to come again', async () => {
  const store = createMemoryStore();
  const away = () => Promise.reject(new BlobStoreError('UNREACHABLE', 'The bucket payloads does not answer.'));
  const { get, logged } = await memoryApi({ store: { ...store, load: away } });
  const answer = await get('/v1/workflows/wf_1');
  expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, body: { code: 'blobs_unreachable' } });
  expect(logged).toContainEqual(expect.objectContaining({ event: 'blobs_unreachable', error: 'The bucket payloads does not answer.' }));
});

test('a result that is gone: 410', async () => {
  const { post, get: getThere, completeNext } = await memoryApi();
  await post('/v1/workflows', { workflow_id: 'wf_1', definition: report, params: { source: 's.csv' } });
  await completeNext({ uri: 'a' });
  await completeNext({ uri: 'b' });
  expect((await getThere('/v1/workflows/wf_1/result')).status).toBe(200);
  const header = { id: 'wf_1', type: 'report', version: 1, definitionHash: '', fingerprint: '', params: {}, caller: 'api', createdAt: noon };
  const summary = async () => ({ header, state: { status: 'completed', endedAt: noon, result: null }, isLost: true }) as const;
  const { get } = await memoryApi({ store: { ...createMemoryStore(), summary } });
  expect(await get('/v1/workflows/wf_1/result')).toMatchObject({ status: 410, body: { code: 'payload_lost' } });
});
