import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NonRetryableError } from '@baton/worker';
import { expect, onTestFinished, test } from 'vitest';
import { startAgents } from '../fixture/agents.ts';

async function setUp() {
  const agents = await startAgents([]);
  onTestFinished(() => agents[Symbol.asyncDispose]());
  const folder = join(agents.folder, 'in');
  await mkdir(folder);
  const file = async (content: string | Uint8Array): Promise<string> => {
    await writeFile(join(folder, 'a.csv'), content);
    return join(folder, 'a.csv');
  };
  const lines = async (uri: string): Promise<unknown[]> =>
    (await readFile(fileURLToPath(uri), 'utf8')).split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  return { agents, file, lines };
}

/** Messages as the fetch agent leaves them, without a CSV. */
async function cleaned(texts: readonly string[], input: object = {}) {
  const { agents, file, lines } = await setUp();
  const source = await file(`text,who\n${texts.map((text) => `"${text.replaceAll('"', '""')}",Jane Doe`).join('\n')}\n`);
  const fetched = await agents.call('text.fetch', { source, columns: { text: 'text', author: 'who' } }, { subtaskId: 'fetch' });
  const { output } = await agents.call('text.clean', { input_uri: fetched.output.uri, ...input }, { subtaskId: 'clean' });
  return { agents, output, lines, texts: ((await lines(output.uri)) as { text: string }[]).map(({ text }) => text) };
}

test('a CSV becomes messages; other days, unreadable days and broken rows are counted, and the context is told where they are', async () => {
  const { agents, file, lines } = await setUp();
  const source = await file('\uFEFFn,day,stars,words\n7,2025-04-01,5,"Good, really"\n8,2025-07-01,1,late\n9,soon,1,never\n10,2025-04-02,x,\n11,2025-04-03\n');
  const columns = { text: 'words', id: 'n', date: 'day', rating: 'stars' };
  const { output, contextUpdate } = await agents.call('text.fetch', { source, columns, from: '2025-04-01', to: '2025-06-30' });
  expect(output).toMatchObject({ rows: 2, outside: 1, undated: 1, broken: 1 });
  expect(contextUpdate).toEqual({ data_uri: output.uri });
  expect(await lines(output.uri)).toEqual([
    { id: '7', text: 'Good, really', date: '2025-04-01', rating: 5, channel: null, author: null },
    { id: '10', text: '', date: '2025-04-02', rating: null, channel: null, author: null },
  ]);
});

test.each<[string, string, object, RegExp, string]>([
  ['no rows', 'text\n', {}, /has no rows/, 'SOURCE_EMPTY'],
  ['an empty file', '', {}, /has no rows/, 'SOURCE_EMPTY'],
  [
    'only other days',
    'text,d\nhi,2024-01-01\n',
    { columns: { text: 'text', date: 'd' }, from: '2025-01-01' },
    /1 are of other days than 2025-01-01 to the last/,
    'SOURCE_EMPTY',
  ],
  [
    'columns that are not there',
    'text\nhi\n',
    { columns: { text: 'words', id: 'n' } },
    /no column "words" \(columns\.text\), "n" \(columns\.id\)\. It has: "text"/,
    'UNKNOWN_COLUMN',
  ],
  ['days without a column for them', 'text\nhi\n', { from: '2025-01-01' }, /need a column of days/, 'UNKNOWN_COLUMN'],
  ['a row without an end', `text\n"${'x'.repeat(1_100_000)}`, {}, /no readable CSV/, 'SOURCE_BROKEN'],
])('refuses %s for good', async (_, content, input, message, code) => {
  const { agents, file } = await setUp();
  const failure = agents.call('text.fetch', { source: await file(content), columns: { text: 'text' }, ...input });
  await expect(failure).rejects.toThrow(message);
  await expect(failure).rejects.toMatchObject({ code });
  await expect(failure).rejects.toBeInstanceOf(NonRetryableError);
});

test('reads nothing outside the roots, and stops when it is told to', async () => {
  const { agents, file } = await setUp();
  await expect(agents.call('text.fetch', { source: '/etc/passwd', columns: { text: 'x' } })).rejects.toMatchObject({ code: 'SOURCE_FORBIDDEN' });
  const source = await file('text\nhi there\n');
  await expect(agents.call('text.fetch', { source, columns: { text: 'text' } }, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
});

test('cleaning drops what is empty or was sent twice, and what forms leave in texts', async () => {
  const { output, texts } = await cleaned(['<p>The <b>lid</b>  leaks &amp; drips</p>', 'the lid leaks & drips!', '???', '', '  All\tfine\u0007 now ']);
  expect(texts).toEqual(['The lid leaks & drips', 'All fine now']);
  expect(output).toMatchObject({ rows_in: 5, rows: 2, dropped: { empty: 2, duplicate: 1 } });
});

test('cleaning takes out who wrote and how to reach them; with remove_pii false it does not', async () => {
  const letter = 'jane is angry. Write to j.doe@example.com or call +44 20 7946 0958. Jane Doe';
  expect(await cleaned([letter])).toMatchObject({
    texts: ['[name] is angry. Write to [email] or call [phone]. [name]'],
    output: { removed: { email: 1, phone: 1, card: 0, name: 2 } },
  });
  expect(await cleaned([letter], { remove_pii: false })).toMatchObject({ texts: [letter], output: { removed: { email: 0, phone: 0, card: 0, name: 0 } } });
});

test('cleaning nothing but empty messages fails for good', async () => {
  await expect(cleaned(['', '...'])).rejects.toMatchObject({ code: 'NO_USABLE_ROWS' });
});

test('a file that is gone, or of another kind, is an error and no empty report', async () => {
  const { agents, output } = await cleaned(['The parcel is late again.']);
  await expect(agents.call('text.sentiment', { input_uri: output.uri.replace('clean.ndjson', 'gone.ndjson') })).rejects.toMatchObject({ code: 'FILE_GONE' });
  await expect(agents.call('text.topics', { input_uri: 'file:///etc/hostname' })).rejects.toMatchObject({ code: 'FILE_FORBIDDEN' });
  const sentiment = await agents.call('text.sentiment', { input_uri: output.uri }, { subtaskId: 's' });
  const topics = await agents.call('text.topics', { input_uri: output.uri }, { subtaskId: 't' });
  const rest = { sentiment_result: { ...sentiment.output, uri: topics.output.uri }, topics: topics.output, cleaned: output };
  const fetched = { source: 'a.csv', rows: 1, outside: 0, undated: 0, broken: 0, from: null, to: null };
  await expect(agents.call('feedback.report', { ...rest, fetched })).rejects.toThrow(/invalid_type|expected/i);
});

test('a single message makes a whole report', async () => {
  const { agents, output } = await cleaned(['The <parcel> & "lid" broke.']);
  const sentiment = await agents.call('text.sentiment', { input_uri: output.uri }, { subtaskId: 's' });
  const topics = await agents.call('text.topics', { input_uri: output.uri }, { subtaskId: 't' });
  expect(sentiment).toMatchObject({
    output: { count: 1, moods: { negative: 1 }, weeks: [], rated: { count: 0, average: null } },
    contextUpdate: { sentiment: sentiment.output },
  });
  expect(topics.output).toMatchObject({ topics: [], unassigned: 1 });
  const fetched = { source: '<a>.csv', rows: 1, outside: 0, undated: 0, broken: 0, from: null, to: null };
  const report = await agents.call('feedback.report', { sentiment_result: sentiment.output, topics: topics.output, fetched, cleaned: output });
  expect(report.output).toMatchObject({ headline: '100% of 1 messages are negative', action_items: [] });
  expect(await readFile(fileURLToPath(report.output.html_uri), 'utf8')).toContain('&lt;a&gt;.csv');
});
