import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createFileExchange, parseDataRoots, retryAfterMs, SourceError } from '@baton/files';
import { NonRetryableError, RetryAfterError } from '@baton/worker';
import { expect, onTestFinished, test } from 'vitest';
import { dataFetch } from '../capability/data-fetch.ts';
import { fakeContext, temporaryFolder } from '../fixture/local-run.ts';
import { createDataFetch } from './data-agent.ts';

async function setUp(options: { readonly roots?: string; readonly bytesMax?: number } = {}) {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const data = join(folder.path, 'data');
  await mkdir(data);
  const fetch = createDataFetch({
    exchange: createFileExchange(join(folder.path, 'files'), NonRetryableError),
    roots: parseDataRoots(options.roots ?? data),
    bytesMax: options.bytesMax ?? 1_000_000,
    brokenShareMax: 0.5,
  });
  const context = fakeContext();
  const run = (source: string, rest: object = {}, signal = context.signal) => fetch(dataFetch.input.parse({ source, ...rest }), { ...context, signal });
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(data, name), text);
    return join(data, name);
  };
  return { run, file, data, folder: folder.path, context };
}

async function lines(uri: string): Promise<unknown[]> {
  return (await readFile(fileURLToPath(uri), 'utf8')).split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a CSV file becomes raw records; broken rows are set aside with line and reason', async () => {
  const { run, file, context } = await setUp();
  const output = await run(await file('a.csv', 'date,amount\n2024-01-01,1\n2024-01-02\n"2024-01-03,3\n2024-01-04,4\n2024-01-05,5\n'));
  expect(output).toMatchObject({ format: 'csv', rows: 3, columns: ['date', 'amount'], broken: { count: 2 } });
  expect(await lines(output.uri)).toEqual([
    { at: 2, record: { date: '2024-01-01', amount: '1' } },
    { at: 5, record: { date: '2024-01-04', amount: '4' } },
    { at: 6, record: { date: '2024-01-05', amount: '5' } },
  ]);
  const broken = [
    { at: 3, reason: '1 fields where the header has 2', text: '2024-01-02' },
    { at: 4, reason: 'a quote is opened and never closed', text: '"2024-01-03,3' },
  ];
  expect(await lines(output.broken.uri)).toEqual(broken);
  expect(output.broken.examples).toEqual(broken);
  expect(context.reported.at(-1)).toMatch(/bytes read/);
});

test.each([
  ['an array', 'a.json', ' [{"x":1},{"x":{"deep":[1]}},7]', 'json', 2],
  ['an object a line', 'a.ndjson', '{"x":1}\n\n{"x":2}\n{"x":\n', 'ndjson', 2],
])('JSON as %s', async (_, name, text, format, rows) => {
  const { run, file } = await setUp();
  expect(await run(await file(name, text))).toMatchObject({ format, rows, broken: { count: 1 }, columns: ['x'] });
});

test('a relative path and a file:// URI find the same file', async () => {
  const { run, file } = await setUp();
  const path = await file('a.csv', 'a\n1\n');
  expect((await run('a.csv')).source).toBe(path);
  expect((await run(pathToFileURL(path).href)).source).toBe(path);
});

test.each<[string, string, string]>([
  ['no rows', 'a,b\n', 'has no rows'],
  ['an empty file', '', 'has no rows'],
  ['only broken rows', 'a,b\n1\n2\n', '2 of the 2 rows of'],
  ['JSON that is cut off', '[{"a":1},{"a"', 'it goes wrong after 1 records'],
])('refuses %s for good', async (_, text, message) => {
  const { run, file } = await setUp();
  const failure = run(await file('a', text));
  await expect(failure).rejects.toThrow(message);
  await expect(failure).rejects.toBeInstanceOf(NonRetryableError);
});

test('refuses what is missing, too big, or no file, each with a sentence', async () => {
  const { run, file, data } = await setUp({ bytesMax: 10 });
  await expect(run(join(data, 'gone.csv'))).rejects.toMatchObject({
    code: 'SOURCE_NOT_FOUND',
    message: `There is no file ${data}/gone.csv: check the source.`,
  });
  await expect(run(await file('big.csv', 'a,b\n1,2\n1,2\n1,2\n'))).rejects.toMatchObject({ code: 'SOURCE_TOO_BIG' });
  await expect(run(data)).rejects.toMatchObject({ code: 'SOURCE_NOT_A_FILE' });
});

test('nothing outside the roots is read: not by its name, not through .., not through a symbolic link, and nothing at all without roots', async () => {
  const { run, data, folder, file } = await setUp();
  await writeFile(join(folder, 'secret.csv'), 'a\n1\n');
  await mkdir(join(folder, 'data-too'));
  await writeFile(join(folder, 'data-too', 'a.csv'), 'a\n1\n');
  await symlink(join(folder, 'secret.csv'), join(data, 'link.csv'));
  await symlink(folder, join(data, 'up'));
  const ways = [
    join(folder, 'secret.csv'),
    `${data}/../secret.csv`,
    '../secret.csv',
    join(data, 'link.csv'),
    join(data, 'up/secret.csv'),
    join(folder, 'data-too/a.csv'),
    '/etc/no-such-file',
  ];
  for (const way of ways) await expect(run(way), way).rejects.toMatchObject({ code: 'SOURCE_FORBIDDEN', name: 'NonRetryableError' });
  const closed = await setUp({ roots: '' });
  await expect(closed.run(await file('a.csv', 'a\n1\n'))).rejects.toThrow(/\(none are set\)/);
  await expect(closed.run('http://127.0.0.1:1/a.csv')).rejects.toMatchObject({ code: 'SOURCE_FORBIDDEN' });
});

test('a link inside the roots is followed', async () => {
  const { run, data, file } = await setUp();
  await symlink(await file('a.csv', 'a\n1\n'), join(data, 'link.csv'));
  expect(await run('link.csv')).toMatchObject({ rows: 1 });
});

test('a URL inside a root is read, and its query is not told', async () => {
  const url = await serve((request, response) => response.end(request.url === '/open/a.csv?key=s3cret' ? 'a,b\n1,2\n' : ''));
  const { run } = await setUp({ roots: `/nowhere,${url}/open` });
  expect(await run(`${url}/open/a.csv?key=s3cret`)).toMatchObject({ rows: 1, source: `${url}/open/a.csv` });
  for (const path of ['/openly/a.csv', '/open/../a.csv', '/open/%2e%2e/a.csv', '/open/..%2fa.csv']) {
    await expect(run(url + path), path).rejects.toMatchObject({ code: 'SOURCE_FORBIDDEN' });
  }
});

test('a redirect is followed inside the roots only', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/open/in') response.writeHead(302, { location: 'a.csv' }).end();
    else if (request.url === '/open/out') response.writeHead(302, { location: '/private' }).end();
    else if (request.url === '/open/round') response.writeHead(302, { location: '/open/round' }).end();
    else response.end('a\n1\n');
  });
  const { run } = await setUp({ roots: `${url}/open/` });
  expect(await run(`${url}/open/in`)).toMatchObject({ rows: 1 });
  await expect(run(`${url}/open/out`)).rejects.toThrow(/a redirect led there/);
  await expect(run(`${url}/open/round`)).rejects.toThrow(/redirects more than 5 times/);
});

test.each<[number, Record<string, string>, abstract new (...given: never[]) => Error, object]>([
  [404, {}, NonRetryableError, { code: 'SOURCE_REFUSED' }],
  [403, {}, NonRetryableError, { code: 'SOURCE_REFUSED' }],
  [500, {}, SourceError, {}],
  [503, { 'retry-after': '7' }, RetryAfterError, { retryAfterMs: 7_000 }],
  [429, { 'retry-after': '7' }, RetryAfterError, { retryAfterMs: 7_000 }],
  [429, {}, SourceError, {}],
])('an answer of %i %o', async (status, headers, kind, fields) => {
  const url = await serve((_, response) => response.writeHead(status, headers).end('no'));
  const { run } = await setUp({ roots: url });
  const failure = await run(`${url}/a.csv`).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(kind);
  expect(failure).toMatchObject({ ...fields, message: expect.stringContaining(`answered ${status}`) });
});

test('a server that is away, or goes away in the middle, is worth another attempt', async () => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('[{"a":1},', () => response.destroy());
  });
  const { run } = await setUp({ roots: `${url},http://127.0.0.1:9/` });
  for (const source of [`${url}/a.json`, 'http://127.0.0.1:9/a.csv']) {
    const failure = await run(source).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toBeInstanceOf(NonRetryableError);
  }
});

test('more bytes than allowed are refused also where the server does not say how many there are', async () => {
  const url = await serve((_, response) => {
    response.write('a\n');
    response.end('1\n'.repeat(100));
  });
  const { run } = await setUp({ roots: url, bytesMax: 50 });
  await expect(run(`${url}/a.csv`)).rejects.toMatchObject({ code: 'SOURCE_TOO_BIG' });
});

test('an abort ends it, and leaves no file', async () => {
  const aborting = new AbortController();
  const url = await serve((_, response) => {
    response.write('a\n1\n', () => aborting.abort(new Error('stop')));
  });
  const { run } = await setUp({ roots: url });
  await expect(run(`${url}/a.csv`, {}, aborting.signal)).rejects.toThrow('stop');
});

test.each([
  ['7', 7_000],
  ['Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  ['soon', null],
  [null, null],
])('Retry-After: %s', (header, expected) => {
  expect(retryAfterMs(header, Date.parse('2026-01-01T00:00:00Z'))).toBe(expected);
});
