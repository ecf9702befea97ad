/** `data.fetch`: from a source that people have to raw records that agents can read. */
import { defineCapability } from '@baton/core';
import { z } from 'zod';

export const SourceFormat = z.enum(['csv', 'json', 'ndjson']);
export type SourceFormat = z.output<typeof SourceFormat>;

/** A record as the source has it, with where it stands there: the line of a CSV or ndjson file, the place in a JSON array (from 1). */
export const RawRow = z.object({ at: z.int(), record: z.record(z.string(), z.json()) });
export type RawRow = z.output<typeof RawRow>;

export const BrokenRow = z.object({ at: z.int(), reason: z.string(), text: z.string().describe('As it stands in the source, cut short') });
export type BrokenRow = z.output<typeof BrokenRow>;

export const dataFetch = defineCapability({
  name: 'data.fetch',
  input: z.object({
    source: z
      .string()
      .min(1)
      .max(4_096)
      .describe('A path, a file:// URI or an http(s) URL inside the allowed roots; a relative path is looked for in each of them'),
    format: z.enum(['auto', ...SourceFormat.options]).default('auto'),
    delimiter: z.string().length(1).nullable().default(null).describe('Of CSV; null: whichever of , ; tab | the header has most of'),
  }),
  output: z.object({
    uri: z.string().describe('Newline-delimited JSON of { at, record }'),
    source: z.string().describe('For people: without user, password and query'),
    format: SourceFormat,
    rows: z.int(),
    bytes: z.int(),
    columns: z.array(z.string()).describe('At most 200'),
    broken: z.object({ count: z.int(), uri: z.string(), examples: z.array(BrokenRow).describe('At most 3') }),
  }),
});
