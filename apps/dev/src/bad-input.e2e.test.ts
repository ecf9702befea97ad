/** What people get wrong and what goes away under them, through the command line and all processes: a message, an exit code, and nothing lost. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RedisFixture, startProcess, startRedis } from '@baton/testkit';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { appMain } from './checkout.ts';
import { demos } from './demo-data.ts';
import { type Stack, startStack } from './stack.ts';

let redis: RedisFixture;
let stack: Stack;
let folder: string;
let shop: Server;
const asked: ServerResponse[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'baton-bad-input-'));
  redis = await startRedis({ args: ['--appendfsync', 'always'] });
  // Its answers are the test's to give.
  shop = createServer((_request, response) => void asked.push(response)).listen(0, '127.0.0.1');
  await once(shop, 'listening');
  stack = await startStack({ redisUrl: redis.url, workers: 2, ports: 'free', dataRoots: [folder, shopUrl()] }, AbortSignal.timeout(60_000));
  const { code, err } = await baton('type', 'register', demos.sales.definition);
  if (code !== 0) throw new Error(err);
});

afterAll(async () => {
  await stack?.stop();
  await redis?.stop();
  shop?.closeAllConnections();
  shop?.close();
  await rm(folder, { recursive: true, force: true });
});

function shopUrl(): string {
  return `http://127.0.0.1:${(shop.address() as AddressInfo).port}/`;
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function startBaton(...words: readonly string[]): { out(): string; readonly ended: Promise<Ran> } {
  const child = spawn(process.execPath, [appMain('cli'), ...words], {
    env: { ...process.env, BATON_API_URL: stack.apiUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => (err += String(chunk)));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }));
  return { out: () => out, ended };
}

function baton(...words: readonly string[]): Promise<Ran> {
  return startBaton(...words).ended;
}

const columns = ['columns.date=Day', 'columns.amount=Sum', 'columns.category=Kind'];

function start(id: string, source: string, ...flags: readonly string[]): string[] {
  return ['workflow', 'start', demos.sales.type, '--id', id, '--params', `source=${source}`, ...columns, ...flags];
}

/** Two sales a week for a year. */
function salesCsv(...brokenLines: readonly string[]): string {
  const day = (index: number): string => new Date(Date.UTC(2024, 0, 1) + index * 3.5 * 86_400_000).toISOString().slice(0, 10);
  const sales = Array.from({ length: 104 }, (_, index) => `${day(index)},${10 + (index % 7)},${index % 2 === 0 ? 'Tea' : 'Coffee'}`);
  return ['Day,Sum,Kind', ...sales, ...brokenLines, ''].join('\n');
}

async function isUnknown(id: string): Promise<boolean> {
  const { code, err } = await baton('workflow', 'describe', id);
  return code === 2 && err.includes('There is no workflow');
}

describe('refused before anything runs: exit code 2', () => {
  test('an unknown type, with the ones there are', async () => {
    const ran = await baton('workflow', 'start', 'sales_dashbord', '--id', 'unknown-type');
    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/no workflow type sales_dashbord@latest[^]*sales_dashboard/) });
    expect(await isUnknown('unknown-type')).toBe(true);
  });

  test('invalid params, all of them with where they are', async () => {
    const ran = await baton('workflow', 'start', demos.sales.type, '--id', 'invalid', '--params', 'source=a.csv', 'weeks=0', 'columns.date=Day', 'colour=red');
    expect(ran).toMatchObject({ code: 2, out: '' });
    for (const path of ['/params/weeks', '/params/columns', '/params']) expect(ran.err).toContain(path);
    expect(ran.err).toMatch(/amount[^]*category|category[^]*amount/);
    expect(ran.err).toContain('colour');
    expect(await isUnknown('invalid')).toBe(true);
  });

  test.each([
    ['registered', (file: string) => ['type', 'register', file]],
    ['started', (file: string) => ['workflow', 'start', '--definition', file, '--id', 'cyclic']],
  ])('a cyclic definition that is %s, with the cycle', async (_, words) => {
    const file = join(folder, 'cyclic.json');
    const nodes = [
      { id: 'draft', capability: 'text.draft', needs: ['edit'] },
      { id: 'edit', capability: 'text.edit', needs: ['draft'] },
    ];
    await writeFile(file, JSON.stringify({ name: 'cyclic', version: 1, nodes }));
    expect(await baton(...words(file))).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/(draft → edit → draft|edit → draft → edit)/) });
    expect(await isUnknown('cyclic')).toBe(true);
    expect((await baton('type', 'list')).out).not.toContain('cyclic');
  });
});

describe('bad data', () => {
  test('a missing file fails the workflow at once, and the rest of it does not run: exit code 1', async () => {
    const ran = await baton(...start('missing', 'nowhere.csv', '--wait'));
    expect(ran).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/There is no file \S*nowhere\.csv.*check the source/) });
    const { subtasks } = JSON.parse((await baton('workflow', 'describe', 'missing', '--json')).out);
    expect(subtasks).toMatchObject([
      { subtask_id: 'fetch', status: 'failed_permanent', attempts: 1, error: { code: 'SOURCE_NOT_FOUND' } },
      ...['clean', 'kpis', 'charts', 'report'].map((subtask_id) => ({ subtask_id, status: 'cancelled' })),
    ]);
  });

  test('a CSV with some broken rows is reported on without them, and they are kept and counted: exit code 0', async () => {
    await writeFile(join(folder, 'some.csv'), salesCsv('2024-06-01,5,Tea,too,many', '2024-06-01,no money,Tea', ',5,Tea'));
    const ran = await baton(...start('some-broken', 'some.csv', '--wait', '--json'));
    expect(ran).toMatchObject({ code: 0, err: '' });
    const { result } = JSON.parse(ran.out);
    expect(result).toMatchObject({ rows: 104, dropped: { unreadable_amount: 1, no_date: 1 } });
    const html = await readFile(fileURLToPath(result.html_uri), 'utf8');
    for (const words of ['no money', 'line 106']) expect(html).toContain(words);
    const { subtasks } = JSON.parse((await baton('workflow', 'describe', 'some-broken', '--json')).out);
    const { broken } = subtasks[0].result;
    expect(broken).toMatchObject({ count: 1, examples: [{ at: 106, text: '2024-06-01,5,Tea,too,many' }] });
    expect(await readFile(fileURLToPath(broken.uri), 'utf8')).toContain('too,many');
  });

  test('a CSV of mostly broken rows is refused, with the first of them: exit code 1', async () => {
    await writeFile(join(folder, 'most.csv'), ['Day,Sum,Kind', '2024-01-01,5,Tea', '1,2', '3', '4,5,6,7', ''].join('\n'));
    const ran = await baton(...start('most-broken', 'most.csv', '--wait'));
    expect(ran).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/3 of the 4 rows of \S*most\.csv are broken, the first in line 3: .*Mend the file/),
    });
  });
});

describe('Redis away', () => {
  test.concurrent.each(['orchestrator', 'api', 'worker-sales'])('at the start of %s: said once, with the mend, exit code 3', async (app) => {
    const env = { BATON_REDIS_URL: 'redis://127.0.0.1:9', BATON_METRICS_PORT: '0', BATON_API_PORT: '0', BATON_FILES_DIR: folder };
    const started = startProcess(appMain(app), env);
    expect(await started.ended).toBe(3);
    expect(started.output()).toMatch(/^Redis at 127\.0\.0\.1:9 did not answer within \d+ ms \(.*\): start Redis, or set BATON_REDIS_URL to one that runs\.$/);
  });

  test('in the middle: whoever watches is told, a start is refused with 3, and the workflow goes on when it is back', async () => {
    const watching = startBaton(...start('outage', `${shopUrl()}sales.csv`, '--watch'));
    await vi.waitFor(() => expect(asked).toHaveLength(1), { timeout: 20_000 });
    await redis.kill();
    await vi.waitFor(() => expect(watching.out()).toContain('Redis does not answer'), { timeout: 20_000 });
    expect(watching.out()).toContain('the workflow itself is safe');
    expect(await baton(...start('refused', 'some.csv'))).toMatchObject({ code: 3, out: '', err: expect.stringContaining('Redis does not answer') });
    asked[0]?.end(salesCsv());
    await redis.restart();
    expect(await watching.ended).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/✓ completed in/) });
    const { status, result } = JSON.parse((await baton('workflow', 'result', 'outage', '--json')).out);
    expect({ status, rows: result.rows }).toEqual({ status: 'completed', rows: 104 });
    // Once is enough: nobody fetched it again.
    expect(asked).toHaveLength(1);
    expect(await baton(...start('refused', 'some.csv', '--wait'))).toMatchObject({ code: 0 });
  });
});
