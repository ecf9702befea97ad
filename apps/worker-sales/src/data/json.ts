/** JSON sources: one array of objects, streamed, or one object a line. */
import { pipeline, Readable } from 'node:stream';
import { NonRetryableError } from '@baton/worker';
import { streamArray } from 'stream-json/streamers/stream-array.js';
import type { RawRow } from '../capability/data-fetch.ts';
import type { Row } from './row.ts';
import type { TextLine } from './text-line.ts';

/** @throws {NonRetryableError} where the text is no JSON: unlike a line, the rest of an array cannot be found again */
export async function* jsonArrayRows(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Row> {
  let sourceFailure: Error | undefined;
  async function* watched(): AsyncGenerator<Uint8Array> {
    try {
      yield* chunks;
    } catch (error) {
      sourceFailure = error as Error;
      throw error;
    }
  }
  const parser = streamArray.withParserAsStream();
  // The callback has nothing to do: a failure of either comes out of the loop below.
  pipeline(Readable.from(watched()), parser, () => undefined);
  let at = 0;
  try {
    for await (const { value } of parser as AsyncIterable<{ value: unknown }>) yield rowOf((at += 1), value, () => JSON.stringify(value));
  } catch (cause) {
    if (sourceFailure !== undefined) throw sourceFailure;
    throw new NonRetryableError(`The file is not a JSON array of objects; it goes wrong after ${at} records: ${(cause as Error).message}.`, {
      cause,
      code: 'SOURCE_BROKEN',
    });
  }
}

export async function* jsonLineRows(lines: AsyncIterable<TextLine>): AsyncGenerator<Row> {
  for await (const { at, text } of lines) {
    if (text.trim() === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      yield { kind: 'broken', at, reason: `not JSON (${(error as Error).message})`, text };
      continue;
    }
    yield rowOf(at, value, () => text);
  }
}

function rowOf(at: number, value: unknown, text: () => string): Row {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return { kind: 'broken', at, reason: 'not an object', text: text() };
  return { kind: 'row', at, record: value as RawRow['record'] };
}
