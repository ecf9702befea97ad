import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { dataFolder } from '../fixture/agents.ts';
import { agrees, moodOf, scoreOf } from './mood.ts';

test.each<[string, string]>([
  ['I love it, wonderful!', 'positive'],
  ['Not bad at all', 'positive'],
  ['Not good. The checkout is slow', 'negative'],
  ['I was charged twice', 'negative'],
  ['The parcel is nine days late', 'negative'],
  ['Support solved my problem within an hour', 'positive'],
  ['It has a lid', 'neutral'],
  ['Regards, [name]', 'neutral'],
])('%s: %s', (text, mood) => {
  expect(moodOf(scoreOf(text))).toBe(mood);
});

test('a score stays within its bounds, however much is complained about', () => {
  const worst = 'crash broken late stale useless never came no refund '.repeat(40);
  expect(scoreOf(worst)).toBe(-1);
});

test('on the sample it goes with the stars nine times in ten', () => {
  const rows: { readonly rating: string; readonly message: string }[] = parse(readFileSync(join(dataFolder, 'customer-feedback.csv')), {
    columns: true,
    relax_column_count: true,
  });
  const rated = rows.filter(({ rating, message }) => rating !== '' && /\p{L}{3}/u.test(message ?? ''));
  const agreeing = rated.filter(({ rating, message }) => agrees(moodOf(scoreOf(message)), Number(rating)));
  expect(rated.length).toBeGreaterThan(120);
  expect(agreeing.length / rated.length).toBeGreaterThan(0.9);
});
