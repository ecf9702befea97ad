import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFileExchange } from '@baton/files';
import { NonRetryableError } from '@baton/worker';
import { expect, onTestFinished, test } from 'vitest';
import { analyticsKpis, Kpis, otherCategories } from '../capability/analytics-kpis.ts';
import type { Sale } from '../capability/data-clean.ts';
import { fakeContext, temporaryFolder } from '../fixture/local-run.ts';
import { createKpis } from './analytics-agent.ts';

async function analyse(sales: readonly Sale[], parameters: object = {}, signal = new AbortController().signal): Promise<Kpis> {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const owner = { workflowId: 'wf_test', subtaskId: 'clean' };
  // Read as a pattern, the name of this folder would match the other one too.
  const exchange = createFileExchange(join(folder.path, "it's [odd] a*b?"), NonRetryableError);
  const neighbour = createFileExchange(join(folder.path, "it's o axbx"), NonRetryableError);
  await neighbour.write(owner, 'sales.ndjson', `${JSON.stringify(sale('2024-01-01', 1_000_000, 'neighbour'))}\n`);
  const uri = await exchange.write(owner, 'sales.ndjson', sales.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const output = await createKpis(exchange)(analyticsKpis.input.parse({ uri, ...parameters }), fakeContext({ signal }));
  return Kpis.parse(JSON.parse(await readFile(fileURLToPath(output.uri), 'utf8')));
}

const sale = (date: string, amount: number, category = 'a', label: string | null = null): Sale => ({ date, amount, category, label });

/** Reproducible, and with weeks and categories that are empty. */
function manySales(): Sale[] {
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  return Array.from({ length: 400 }, () => {
    const date = new Date(Date.UTC(2024, 0, 1) + random(120) * 86_400_000).toISOString().slice(0, 10);
    return sale(date, random(100_000) / 100 - 100, `c${random(6)}`, random(3) === 0 ? null : `l${random(20)}`);
  });
}

function monday(date: string): string {
  const day = new Date(date);
  return new Date(day.getTime() - ((day.getUTCDay() + 6) % 7) * 86_400_000).toISOString().slice(0, 10);
}

const sum = (sales: readonly Sale[]): number => sales.reduce((cents, { amount }) => cents + Math.round(amount * 100), 0) / 100;

test('agrees with the same numbers worked out by hand', async () => {
  const sales = manySales();
  const kpis = await analyse(sales, { weeks: 8, top: 3 });
  const inSpan = ({ from, to }: { from: string; to: string }) => sales.filter(({ date }) => date >= from && date <= to);
  const current = inSpan(kpis.current);
  const previous = inSpan(kpis.previous);
  expect(kpis.all_time).toMatchObject({ total: sum(sales), count: 400 });
  expect(kpis.current).toMatchObject({ total: sum(current), count: current.length, average: expect.closeTo(sum(current) / current.length) });
  expect(kpis.previous).toMatchObject({ total: sum(previous), count: previous.length });
  expect(kpis.change.total).toBeCloseTo((sum(current) - sum(previous)) / Math.abs(sum(previous)));
  const totalOf = (week: string) => sum(sales.filter(({ date }) => monday(date) === week));
  const days = kpis.weekly.map(({ week }) => Date.parse(week) / 86_400_000);
  expect(days).toEqual(Array.from({ length: 8 }, (_, index) => (days[0] ?? 0) + 7 * index));
  for (const week of kpis.weekly) {
    const back = (weeks: number) => monday(new Date(Date.parse(week.week) - weeks * 7 * 86_400_000).toISOString().slice(0, 10));
    expect(week.total).toBeCloseTo(totalOf(week.week));
    expect(week.trend).toBeCloseTo((totalOf(week.week) + totalOf(back(1)) + totalOf(back(2)) + totalOf(back(3))) / 4);
    expect(week.change).toBeCloseTo((totalOf(week.week) - totalOf(back(1))) / Math.abs(totalOf(back(1))));
  }
  const byCategory = Map.groupBy(current, ({ category }) => category);
  const ranking = [...byCategory].map(([category, rows]) => ({ category, total: sum(rows), count: rows.length })).toSorted((a, b) => b.total - a.total);
  expect(kpis.category_count).toBe(6);
  expect(kpis.categories.slice(0, 3)).toMatchObject(ranking.slice(0, 3));
  expect(kpis.categories[3]).toMatchObject({ category: otherCategories, count: ranking.slice(3).reduce((all, { count }) => all + count, 0) });
  expect(kpis.categories.reduce((all, { share }) => all + share, 0)).toBeCloseTo(1);
  for (const cell of kpis.heat)
    expect(cell.total).toBeCloseTo(sum(current.filter(({ date, category }) => monday(date) === cell.week && category === cell.category)));
  const byLabel = Map.groupBy(
    current.filter(({ label }) => label !== null),
    ({ label, category }) => `${label} ${category}`,
  );
  expect(kpis.top_items.map(({ total }) => total)).toEqual(
    [...byLabel.values()]
      .map(sum)
      .toSorted((a, b) => b - a)
      .slice(0, 3),
  );
});

test('sums are exact where floating point is not', async () => {
  const kpis = await analyse(Array.from({ length: 10 }, () => sale('2024-01-01', 0.1)));
  expect(kpis.current.total).toBe(1);
});

test('a week without a sale is there, the last week is that of the last sale, and nothing before is nothing to compare with', async () => {
  const kpis = await analyse([sale('2024-01-07', 5), sale('2024-01-15', 10)], { weeks: 3 });
  expect(kpis.weekly.map(({ week, total, change }) => [week, total, change])).toEqual([
    ['2024-01-01', 5, null],
    ['2024-01-08', 0, -1],
    ['2024-01-15', 10, null],
  ]);
  expect(kpis.current).toMatchObject({ from: '2024-01-01', to: '2024-01-21' });
  expect(kpis.change).toEqual({ total: null, count: null, average: null });
  expect(kpis.best_week.week).toBe('2024-01-15');
});

test('values are data: what looks like SQL is a category', async () => {
  const category = `'); drop table sales; --"`;
  expect((await analyse([sale('2024-01-01', 1, category, category)])).categories).toMatchObject([{ category, total: 1 }]);
});

test('no sales are an error, and an abort ends it', async () => {
  await expect(analyse([])).rejects.toThrow('There are no sales to analyse.');
  await expect(analyse([sale('2024-01-01', 1)], {}, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
});
