/** `baton doctor` and `baton dead` as processes, against a real API, orchestrator, agent and Redis. */
import { partitionOf } from '@baton/core';
import { DeadLetterListView, DoctorFixView, DoctorView } from '@baton/protocol';
import { connectRedis, createSubtaskQueue, type Redis } from '@baton/queue';
import { exampleAssignment } from '@baton/testkit';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { killBatons, baton as run } from './fixture/baton.ts';
import { type Stack, startStack } from './fixture/stack.ts';

let stack: Stack;
let redis: Redis;
const baton = (...words: string[]) => run(stack.apiUrl, ...words);
const json = async (...words: string[]) => JSON.parse((await baton(...words, '--json')).out) as unknown;

beforeAll(async () => {
  stack = await startStack();
  redis = await connectRedis(stack.redisUrl, { name: 'cli-test' });
});
afterEach(killBatons);
afterAll(async () => {
  redis?.disconnect();
  await stack?.stop();
});

test('all is well: 0, and a line for each check', async () => {
  const { exitCode, out, err } = await baton('doctor');
  expect([exitCode, err]).toEqual([0, '']);
  const { healthy, findings } = DoctorView.parse(await json('doctor'));
  expect(healthy).toBe(true);
  expect(out.trimEnd().split('\n')).toHaveLength(findings.length);
  expect(out).toMatch(/^✓ redis_version +Redis is version \d[^]*✓ persistence +.*everysec[^]*✓ partitions_without_owner +All 16/);
});

test('a problem: 4, with the mend; --fix mends what is safe and says so', async () => {
  const queue = createSubtaskQueue({ redis, prefix: stack.prefix });
  await queue.dispatch([{ assignment: exampleAssignment({ workflowId: 'gone', capability: 'test.nobody' }), inputs: [] }]);
  await queue.close();
  const ill = await baton('doctor');
  expect([ill.exitCode, ill.err]).toEqual([4, '']);
  expect(ill.out).toMatch(
    /✗ capabilities_without_agent .*test\.nobody \(1 subtask\)\.\n {2}→ Start workers[^]*! orphaned_jobs .*test\.nobody \(1\)\.\n {2}→ .*--fix/,
  );

  const fixed = await baton('doctor', '--fix');
  expect([fixed.exitCode, fixed.err]).toEqual([0, '']);
  expect(fixed.out).toMatch(/^fixed: Removed 1 job of workflows that have ended\.\n✓ redis_version[^]*✓ capabilities_without_agent[^]*✓ orphaned_jobs/);
  expect(DoctorFixView.parse(await json('doctor', '--fix'))).toMatchObject({ healthy: true, fixed: [] });
});

test('dead letters: listed, sent back, dropped; a warning is no problem', async () => {
  expect(await baton('dead', 'list')).toEqual({ exitCode: 0, out: '', err: 'There are no dead letters.\n' });
  const stream = `${stack.prefix}:res.test.echo.${partitionOf('wf')}`;
  for (const raw of ['no reply', '{"type": "response"}']) await redis.xadd(stream, '*', 'reply', raw);
  await vi.waitFor(async () => expect(await redis.xlen(`${stack.prefix}:dead`)).toBe(2), { timeout: 10_000, interval: 50 });
  expect(await baton('doctor')).toMatchObject({ exitCode: 0, out: expect.stringMatching(/! dead_letters +2 replies[^]*→ .*baton dead list/) });

  const { out, err } = await baton('dead', 'list', '--limit', '1');
  expect(out).toMatch(new RegExp(`^\\d+-\\d+ {2}res\\.test\\.echo\\.${partitionOf('wf')} {2}.*\\n {2}✗ [^]*\\n {2}\\{"type": "response"\\}\\n$`));
  expect(err).toMatch(/^2 in all; for more repeat with --cursor \d+-\d+\n$/);
  const { dead_letters: letters, total } = DeadLetterListView.parse(await json('dead', 'list'));
  expect([total, letters.map(({ raw }) => raw)]).toEqual([2, ['{"type": "response"}', 'no reply']]);

  // It still cannot be read, and comes back under another id.
  const [newest, oldest] = letters.map(({ id }) => id);
  expect(await baton('dead', 'replay', oldest ?? '')).toEqual({ exitCode: 0, out: `${oldest}  sent back\n`, err: '' });
  await vi.waitFor(async () => expect(DeadLetterListView.parse(await json('dead', 'list')).dead_letters[0]?.raw).toBe('no reply'), { timeout: 10_000 });
  expect(await baton('dead', 'drop', newest ?? '')).toEqual({ exitCode: 0, out: `${newest}  dropped\n`, err: '' });
  expect(await baton('dead', 'replay', '--all')).toEqual({ exitCode: 0, out: '1 sent back\n', err: '' });
  await vi.waitFor(async () => expect(await redis.xlen(`${stack.prefix}:dead`)).toBe(1), { timeout: 10_000, interval: 50 });
});

test('no API: 3, with the mend', async () => {
  await stack.stopApi();
  expect(await baton('doctor')).toMatchObject({ exitCode: 3, out: '', err: expect.stringContaining('start it with ./dev up, or set BATON_API_URL') });
  await stack.startApi();
  expect((await baton('doctor')).exitCode).toBe(0);
});
