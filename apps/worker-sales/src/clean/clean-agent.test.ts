import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createFileExchange } from '@baton/files';
import { NonRetryableError } from '@baton/worker';
import { expect, onTestFinished, test } from 'vitest';
import { dataClean } from '../capability/data-clean.ts';
import { fakeContext, temporaryFolder } from '../fixture/local-run.ts';
import { createDataClean } from './clean-agent.ts';

const columns = { date: 'Day', amount: 'Sum', category: 'Kind', label: 'Name' };

async function read(file: string): Promise<unknown[]> {
  const lines = (await readFile(fileURLToPath(file), 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line));
}

async function clean(records: readonly object[], parameters: object = {}) {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const exchange = createFileExchange(folder.path, NonRetryableError);
  const raw = records.map((record, index) => JSON.stringify({ at: index + 1, record })).join('\n');
  const uri = await exchange.write({ workflowId: 'wf_test', subtaskId: 'fetch' }, 'raw.ndjson', `${raw}\n`);
  const agent = createDataClean({ exchange, now: () => Date.parse('2024-06-30T12:00:00Z') });
  const output = await agent(dataClean.input.parse({ uri, columns, ...parameters }), fakeContext());
  return { output, sales: await read(output.uri) };
}

test('normalises dates, amounts, categories and labels, and says how much', async () => {
  const { output, sales } = await clean([
    { Day: 'Jun 12 2023', Sum: '$1,234.50', Kind: '  Books ', Name: 'A' },
    { Day: '2023-06-13', Sum: 7, Kind: 'BOOKS', Name: null },
    { Day: '2023-06-14', Sum: '(3)', Kind: null, Name: 1776 },
  ]);
  expect(sales).toEqual([
    { date: '2023-06-12', amount: 1234.5, category: 'Books', label: 'A' },
    { date: '2023-06-13', amount: 7, category: 'Books', label: null },
    { date: '2023-06-14', amount: -3, category: '(none)', label: '1776' },
  ]);
  expect(output).toMatchObject({ rows_in: 3, rows: 3, until: '2024-06-30', dropped: [] });
  expect(output.mended).toEqual([
    { reason: 'date_rewritten', count: 1 },
    { reason: 'amount_rewritten', count: 2 },
    { reason: 'category_trimmed', count: 1 },
    { reason: 'category_spelling', count: 1 },
    { reason: 'category_filled', count: 1 },
  ]);
});

test('drops by the rules, counts by reason with at most three examples, and keeps what it dropped', async () => {
  const good = { Day: '2024-01-01', Sum: 1, Kind: 'a', Name: 'x' };
  const { output } = await clean(
    [
      good,
      { ...good, Day: null, Name: 'p' },
      { ...good, Day: ' ' },
      { ...good, Day: '' },
      { ...good, Day: '' },
      { ...good, Day: '31/12/2024' },
      { ...good, Day: '2024-02-01' },
      { ...good, Sum: null },
      { ...good, Sum: 'lots' },
      { ...good, Sum: '0.00' },
      { ...good, Kind: '' },
      { ...good, Kind: ' A ' },
    ],
    { until: '2024-01-31', rules: { zero_amount: 'drop', no_category: 'drop' } },
  );
  expect(Object.fromEntries(output.dropped.map(({ reason, count }) => [reason, count]))).toEqual({
    no_date: 4,
    unreadable_date: 1,
    after_until: 1,
    no_amount: 1,
    unreadable_amount: 1,
    zero_amount: 1,
    no_category: 1,
    duplicate: 1,
  });
  expect(output.dropped[0]?.examples).toEqual([
    { at: 2, value: '', label: 'p' },
    { at: 3, value: '', label: 'x' },
    { at: 4, value: '', label: 'x' },
  ]);
  expect(output.rows + output.dropped.reduce((sum, { count }) => sum + count, 0)).toBe(output.rows_in);
  expect(await read(output.dropped_uri)).toHaveLength(11);
});

test('a duplicate is the same in all columns, or the same sale, as the rules say', async () => {
  const records = [
    { Day: '2024-01-01', Sum: 1, Kind: 'a', Name: 'x', Order: 1 },
    { Day: 'Jan 1, 2024', Sum: '$1.00', Kind: 'A', Name: ' x', Order: 2 },
    { Day: '2024-01-01', Sum: 1, Kind: 'a', Name: 'x', Order: ' 1' },
  ];
  expect((await clean(records)).output).toMatchObject({ rows: 2, dropped: [{ reason: 'duplicate', count: 1, examples: [{ at: 3 }] }] });
  expect((await clean(records, { rules: { duplicate: 'sale' } })).output).toMatchObject({ rows: 1, dropped: [{ reason: 'duplicate', count: 2 }] });
});

test('a column that is not there is named, with those that are', async () => {
  const failure = clean([{ Day: '2024-01-01', Amount: 1, Kind: 'a', Name: 'x' }]);
  await expect(failure).rejects.toThrow('The data has no column "Sum" (columns.amount). It has: "Day", "Amount", "Kind", "Name".');
  await expect(failure).rejects.toBeInstanceOf(NonRetryableError);
});

test('no usable row is an error that says why', async () => {
  await expect(clean([{ Day: 'x', Sum: 1, Kind: 'a', Name: '' }])).rejects.toThrow(
    'None of the 1 rows is usable: unreadable_date 1. Check the columns and the rules.',
  );
});
