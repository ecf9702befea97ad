/** The data agent: streams a source into a file of raw records, and sets aside what it cannot read. Nothing is dropped without a trace. */

import type { DataRoots, FileExchange, LineFile } from '@baton/files';
import { type OpenSource, openSource } from '@baton/files';
import { type HandlerContext, NonRetryableError, RetryAfterError } from '@baton/worker';
import type { z } from 'zod';
import type { BrokenRow, dataFetch, SourceFormat } from '../capability/data-fetch.ts';
import { csvRows } from './csv.ts';
import { detectFormat } from './format.ts';
import { jsonArrayRows, jsonLineRows } from './json.ts';
import type { Row } from './row.ts';
import { textLines } from './text-line.ts';

export interface DataAgentOptions {
  readonly exchange: FileExchange;
  readonly roots: DataRoots;
  readonly bytesMax: number;
  /** With a bigger share of broken rows the file is taken for something else, and refused. */
  readonly brokenShareMax: number;
}

type Input = z.output<typeof dataFetch.input>;
type Output = z.output<typeof dataFetch.output>;

const errors = { Refused: NonRetryableError, Postponed: RetryAfterError };
const columnsMax = 200;
const examplesMax = 3;
const textLengthMax = 200;

export function createDataFetch({ exchange, roots, bytesMax, brokenShareMax }: DataAgentOptions): (input: Input, context: HandlerContext) => Promise<Output> {
  return async (input, context) => {
    const source = await openSource(input.source, { roots, bytesMax, signal: context.signal, errors });
    const count = { bytes: 0 };
    const begun =
      input.format === 'auto' ? await detectFormat(counted(source, count, context)) : { format: input.format, chunks: counted(source, count, context) };
    await using raw = await exchange.openLines(context, 'raw.ndjson');
    await using broken = await exchange.openLines(context, 'broken.ndjson');
    const tally = await store(rowsOf(begun.format, begun.chunks, input.delimiter), { raw, broken }, context.signal);
    refuse(tally, source.name, brokenShareMax);
    return {
      uri: await raw.commit(),
      source: source.name,
      format: begun.format,
      rows: tally.rows,
      bytes: count.bytes,
      columns: [...tally.columns],
      broken: { count: tally.broken, uri: await broken.commit(), examples: tally.examples },
    };
  };
}

function rowsOf(format: SourceFormat, chunks: AsyncIterable<Uint8Array>, delimiter: string | null): AsyncIterable<Row> {
  if (format === 'json') return jsonArrayRows(chunks);
  return format === 'ndjson' ? jsonLineRows(textLines(chunks)) : csvRows(textLines(chunks), delimiter);
}

interface Tally {
  rows: number;
  broken: number;
  readonly examples: BrokenRow[];
  readonly columns: Set<string>;
}

async function store(rows: AsyncIterable<Row>, files: { readonly raw: LineFile; readonly broken: LineFile }, signal: AbortSignal): Promise<Tally> {
  const tally: Tally = { rows: 0, broken: 0, examples: [], columns: new Set() };
  for await (const row of rows) {
    signal.throwIfAborted();
    if (row.kind === 'row') {
      tally.rows += 1;
      addColumns(tally.columns, row.record);
      await files.raw.append({ at: row.at, record: row.record });
    } else {
      const aside: BrokenRow = { at: row.at, reason: row.reason, text: row.text.slice(0, textLengthMax) };
      tally.broken += 1;
      if (tally.examples.length < examplesMax) tally.examples.push(aside);
      await files.broken.append({ ...aside, text: row.text });
    }
  }
  return tally;
}

function addColumns(columns: Set<string>, record: object): void {
  for (const name of Object.keys(record)) {
    if (columns.size < columnsMax) columns.add(name);
  }
}

function refuse({ rows, broken, examples }: Tally, name: string, brokenShareMax: number): void {
  const [first] = examples;
  if (first === undefined && rows === 0) throw new NonRetryableError(`${name} has no rows.`, { code: 'SOURCE_EMPTY' });
  if (first !== undefined && broken / (rows + broken) > brokenShareMax) {
    throw new NonRetryableError(
      `${broken} of the ${rows + broken} rows of ${name} are broken, the first in line ${first.at}: ${first.reason}. Mend the file, or name its format and delimiter.`,
      { code: 'SOURCE_BROKEN' },
    );
  }
}

async function* counted(source: OpenSource, count: { bytes: number }, context: HandlerContext): AsyncGenerator<Uint8Array> {
  for await (const chunk of source.chunks) {
    count.bytes += chunk.length;
    if (source.bytes !== null) context.progress(Math.min(99, (100 * count.bytes) / source.bytes), `${count.bytes} of ${source.bytes} bytes read`);
    yield chunk;
  }
}
