import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { acceptParams, compileDefinition } from '@baton/core';
import { createFileExchange } from '@baton/files';
import { NonRetryableError } from '@baton/worker';
import { expect, onTestFinished, test } from 'vitest';
import { createSalesAgents } from './agents.ts';
import { moviesFile, moviesParams, runLocally, temporaryFolder } from './fixture/local-run.ts';
import { salesDashboard } from './workflow.ts';

async function setUp() {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  return folder.path;
}

function compiled() {
  const outcome = compileDefinition(salesDashboard.definition);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.problems));
  return outcome.type;
}

function tasks() {
  return compiled().definition.nodes.filter((node) => node.kind === 'task');
}

test('the definition is right, and each of its capabilities has an agent', () => {
  const options = { exchange: createFileExchange('.', NonRetryableError), roots: { directories: [], urls: [] }, bytesMax: 1, brokenShareMax: 0, now: () => 0 };
  const served = createSalesAgents(options).flatMap(({ capabilities }) => [...capabilities.keys()]);
  expect(compiled()).toMatchObject({ name: 'sales_dashboard', version: 1 });
  expect(tasks().map(({ id, capability }) => [id, capability])).toEqual([
    ['fetch', 'data.fetch'],
    ['clean', 'data.clean'],
    ['kpis', 'analytics.kpis'],
    ['charts', 'chart.render'],
    ['report', 'report.assemble'],
  ]);
  expect(served.toSorted()).toEqual(
    tasks()
      .map(({ capability }) => capability)
      .toSorted(),
  );
});

test('wrong params are told all at once', () => {
  const outcome = acceptParams(compiled(), { source: '', columns: { date: 'a' }, weeks: 1, currency: 'dollars', sauce: 1 });
  expect(outcome).toMatchObject({ ok: false });
  expect(outcome.ok ? [] : outcome.problems.map(({ path }) => path).toSorted()).toEqual(expect.arrayContaining(['/source', '/weeks']));
});

test('the films: every row is accounted for, and the sums are those of the file', async () => {
  const params = JSON.parse(await readFile(moviesParams, 'utf8'));
  const { steps, result } = await runLocally(params, { filesDir: await setUp(), dataRoots: dirname(moviesFile) });
  const films: readonly { 'Release Date': string; 'US Gross': number | null }[] = JSON.parse(await readFile(moviesFile, 'utf8'));
  const usable = films.filter((film) => Boolean(film['US Gross']) && Date.parse(`${film['Release Date']} UTC`) <= Date.parse('2010-07-18'));
  const inSpan = usable.filter((film) => Date.parse(`${film['Release Date']} UTC`) >= Date.parse('2010-01-18'));
  const total = inSpan.reduce((sum, film) => sum + (film['US Gross'] ?? 0), 0);
  expect(steps).toMatchObject({ fetch: { format: 'json', rows: films.length, broken: { count: 0 } }, clean: { rows: usable.length, until: '2010-07-18' } });
  expect(result).toMatchObject({
    kpis: { current: { total, count: inSpan.length, from: '2010-01-18', to: '2010-07-18' } },
    headline: 'US gross of $348M in the week of Jul 12, 2010, up 9.7% on the week before',
    html_uri: expect.stringMatching(/^file:.*report\.html$/),
    eml_uri: expect.stringMatching(/^file:.*report\.eml$/),
  });
  expect(Buffer.byteLength(JSON.stringify(steps))).toBeLessThan(10_000);
});

test('a CSV with broken rows, other columns and defaults for the rest goes through', async () => {
  const folder = await setUp();
  const rows = Array.from({ length: 60 }, (_, index) => `${(index % 28) + 1}.${(index % 3) + 1}.2025;"1.${100 + index},50 €";Kind ${index % 4}`);
  await writeFile(join(folder, 'umsatz.csv'), `Tag;Betrag;Art\n${rows.join('\n')}\nbroken\n`);
  const params = { source: 'umsatz.csv', columns: { date: 'Tag', amount: 'Betrag', category: 'Art' }, rules: { decimal: ',' } };
  const { steps, result } = await runLocally(params, { filesDir: join(folder, 'files'), dataRoots: folder });
  expect(steps).toMatchObject({ fetch: { format: 'csv', broken: { count: 1 } }, clean: { rows: 60, until: '2026-01-02' } });
  expect(result['headline']).toMatch(/^Revenue of /);
});

test('running an attempt again writes the same files and leaves no others', async () => {
  const folder = await setUp();
  await copyFile(moviesFile, join(folder, 'movies.json'));
  const params = JSON.parse(await readFile(moviesParams, 'utf8'));
  const options = { filesDir: join(folder, 'files'), dataRoots: folder };
  const first = await runLocally(params, options);
  expect(await runLocally(params, options)).toEqual(first);
});
