/** A table that comes with the app, read once: each row checked, found by its key. */
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';

/** @param name of a file beside this one */
export function readTable<Schema extends z.ZodObject>(
  name: string,
  schema: Schema,
  key: keyof z.output<Schema> & string,
): ReadonlyMap<string, z.output<Schema>> {
  const text = readFileSync(new URL(`./${name}`, import.meta.url), 'utf8');
  const rows = z.array(schema).parse(parse(text, { columns: true }));
  return new Map(rows.map((row) => [String(row[key]), row]));
}
