/** The fetch agent: the rows of a CSV as messages, whatever their columns are called. What is left out is counted by reason. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type DataRoots, type FileExchange, type LineFile, openSource } from '@baton/files';
import { type AnswerWith, answer, type HandlerContext, NonRetryableError, RetryAfterError } from '@baton/worker';
import { CsvError, parse } from 'csv-parse';
import { z } from 'zod';
import type { Message, textFetch } from '../capability/feedback.ts';

export interface FetchAgentOptions {
  readonly exchange: FileExchange;
  readonly roots: DataRoots;
  readonly bytesMax: number;
}

type Input = z.output<typeof textFetch.input>;
type Output = z.output<typeof textFetch.output>;

const errors = { Refused: NonRetryableError, Postponed: RetryAfterError };
const csv = { bom: true, relax_column_count: true, relax_quotes: true, skip_empty_lines: true, max_record_size: 1_048_576 } as const;

export function createTextFetch({ exchange, roots, bytesMax }: FetchAgentOptions): (input: Input, context: HandlerContext) => Promise<AnswerWith<Output>> {
  return async (input, context) => {
    const source = await openSource(input.source, { roots, bytesMax, signal: context.signal, errors });
    await using messages = await exchange.openLines(context, 'messages.ndjson');
    const tally = { rows: 0, outside: 0, undated: 0, broken: 0 };
    try {
      await pipeline(Readable.from(source.chunks), parse(csv), (records: AsyncIterable<string[]>) => store(records, input, messages, tally), {
        signal: context.signal,
      });
    } catch (cause) {
      if (!(cause instanceof CsvError)) throw cause;
      throw new NonRetryableError(`${source.name} is no readable CSV: ${cause.message}.`, { cause, code: 'SOURCE_BROKEN' });
    }
    if (tally.rows === 0) throw new NonRetryableError(emptiness(source.name, input, tally), { code: 'SOURCE_EMPTY' });
    const uri = await messages.commit();
    return answer({ uri, source: source.name, ...tally, from: input.from, to: input.to }, { contextUpdate: { data_uri: uri } });
  };
}

type Tally = Pick<Output, 'rows' | 'outside' | 'undated' | 'broken'>;
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

async function store(records: AsyncIterable<string[]>, input: Input, messages: LineFile, tally: Mutable<Tally>): Promise<void> {
  let places: Places | undefined;
  let width = 0;
  let line = 0;
  for await (const fields of records) {
    line += 1;
    if (places === undefined) {
      places = placesOf(fields, input);
      width = fields.length;
      continue;
    }
    if (fields.length !== width) {
      tally.broken += 1;
      continue;
    }
    const message = messageOf(fields, places, line);
    const outcome = dayOutcome(message.date, input);
    tally[outcome] += 1;
    if (outcome === 'rows') await messages.append(message);
  }
}

type Places = Readonly<Record<keyof Input['columns'], number | null>>;

/** Where each column stands; all that are missing at once. */
function placesOf(header: readonly string[], { columns, from, to }: Input): Places {
  const names = header.map((name) => name.trim());
  if (columns.date === null && (from !== null || to !== null)) {
    throw new NonRetryableError('"from" and "to" need a column of days: name it as columns.date.', { code: 'UNKNOWN_COLUMN' });
  }
  const wrong = Object.entries(columns).filter(([, name]) => name !== null && !names.includes(name));
  if (wrong.length > 0) {
    const asked = wrong.map(([part, name]) => `"${name}" (columns.${part})`).join(', ');
    throw new NonRetryableError(`The data has no column ${asked}. It has: ${names.map((name) => `"${name}"`).join(', ')}.`, { code: 'UNKNOWN_COLUMN' });
  }
  return Object.fromEntries(Object.entries(columns).map(([part, name]) => [part, name === null ? null : names.indexOf(name)])) as Places;
}

function messageOf(fields: readonly string[], places: Places, line: number): Message {
  const at = (part: keyof Places): string | null => {
    const place = places[part];
    const text = place === null ? '' : (fields[place] ?? '').trim();
    return text === '' ? null : text;
  };
  const day = z.iso.date().safeParse(at('date')?.slice(0, 10));
  const rating = Number(at('rating') ?? Number.NaN);
  return {
    id: at('id') ?? `row-${line}`,
    text: at('text') ?? '',
    date: day.success ? day.data : null,
    rating: Number.isFinite(rating) ? rating : null,
    channel: at('channel'),
    author: at('author'),
  };
}

/** Which count a message of that day goes to. Without bounds every day will do, also none. */
function dayOutcome(date: string | null, { from, to }: Input): 'rows' | 'outside' | 'undated' {
  if (from === null && to === null) return 'rows';
  if (date === null) return 'undated';
  return (from !== null && date < from) || (to !== null && date > to) ? 'outside' : 'rows';
}

function emptiness(name: string, { from, to }: Input, { outside, undated, broken }: Tally): string {
  if (outside + undated + broken === 0) return `${name} has no rows.`;
  return `None of the rows of ${name} can be used: ${outside} are of other days than ${from ?? 'the first'} to ${to ?? 'the last'}, ${undated} have no readable day, ${broken} are broken. Check "from", "to" and the columns.`;
}
