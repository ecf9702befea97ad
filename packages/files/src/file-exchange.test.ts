import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createFileExchange } from './file-exchange.ts';

class Refused extends Error {
  readonly code: string;

  constructor(message: string, { code, ...options }: { readonly code: string; readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

const owner = { workflowId: 'wf_1', subtaskId: 'fetch' };

async function setUp() {
  const folder = await mkdtemp(join(tmpdir(), 'baton-files-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return { folder, exchange: createFileExchange(folder, Refused) };
}

test('what one agent writes another finds, and a second attempt replaces it whole', async () => {
  const { folder, exchange } = await setUp();
  await exchange.write(owner, 'a.txt', 'first');
  const uri = await exchange.write(owner, 'a.txt', 'second');
  const path = await exchange.locate(uri);
  expect(path).toBe(join(folder, 'wf_1/fetch/a.txt'));
  expect(await readFile(path, 'utf8')).toBe('second');
});

test('the parts of a composite have a folder each, whatever their ids', async () => {
  const { folder, exchange } = await setUp();
  const uris = await Promise.all(
    ['refine#2/generate', 'enrich[3]', 'plan/fetch'].map((subtaskId) => exchange.write({ workflowId: 'wf_1', subtaskId }, 'a.txt', subtaskId)),
  );
  expect(await Promise.all(uris.map(async (uri) => await readFile(await exchange.locate(uri), 'utf8')))).toEqual([
    'refine#2/generate',
    'enrich[3]',
    'plan/fetch',
  ]);
  expect((await readdir(join(folder, 'wf_1'))).toSorted()).toEqual(['enrich[3]', 'plan~fetch', 'refine#2~generate']);
});

test('a line file appears only when it is committed, and leaves nothing behind when it is not', async () => {
  const { folder, exchange } = await setUp();
  {
    await using dropped = await exchange.openLines(owner, 'dropped.ndjson');
    await dropped.append({ a: 1 });
  }
  expect(await readdir(join(folder, 'wf_1/fetch'))).toEqual([]);
  await using kept = await exchange.openLines(owner, 'kept.ndjson');
  await kept.append({ a: 1 });
  await kept.append({ b: 'x'.repeat(100_000) });
  const uri = await kept.commit();
  expect(await readdir(join(folder, 'wf_1/fetch'))).toEqual(['kept.ndjson']);
  expect((await readFile(fileURLToPath(uri), 'utf8')).split('\n')).toHaveLength(3);
});

test.each([
  ['a file elsewhere', '/etc/passwd'],
  ['a way out with ..', '../../etc/passwd'],
])('refuses %s', async (_, path) => {
  const { folder, exchange } = await setUp();
  await expect(exchange.locate(pathToFileURL(join(path.startsWith('/') ? '/' : folder, path)).href)).rejects.toThrow(/does not lie in the files folder/);
});

test('refuses a symbolic link that leads out, and a file that is gone', async () => {
  const { folder, exchange } = await setUp();
  await symlink('/etc/hostname', join(folder, 'link'));
  await expect(exchange.locate(pathToFileURL(join(folder, 'link')).href)).rejects.toThrow(/does not lie in the files folder/);
  await expect(exchange.locate(pathToFileURL(join(folder, 'gone')).href)).rejects.toThrow(/is gone/);
  await expect(exchange.locate('https://example.com/a')).rejects.toThrow(Refused);
});

test.each(['..', '.', 'a/b', ''])('no folder is made for an id like %j', async (workflowId) => {
  const { exchange } = await setUp();
  await expect(exchange.write({ workflowId, subtaskId: 'x' }, 'a', '')).rejects.toThrow(/cannot be the name/);
  await expect(exchange.write({ workflowId: 'wf_1', subtaskId: `../${workflowId}` }, 'a', '')).rejects.toThrow(/cannot be the name/);
});

test('a root that is itself a symbolic link works', async () => {
  const { folder } = await setUp();
  const link = `${folder}-link`;
  await symlink(folder, link);
  await writeFile(join(folder, 'a'), '');
  await expect(createFileExchange(link, Refused).locate(pathToFileURL(join(link, 'a')).href)).resolves.toBe(join(folder, 'a'));
});
