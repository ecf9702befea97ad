/**
 * CSV, row by row, so that one broken row never takes others with it: a quote that is opened and not closed would swallow the rest of the file
 * (csv-parse's own `skip_records_with_error` loses the rows after it without a word). So lines are put together only until their quotes are
 * balanced, and when that does not make a row, the first line alone is set aside and the next one is tried.
 */
import { NonRetryableError } from '@baton/worker';
import { parse } from 'csv-parse/sync';
import type { Row } from './row.ts';
import type { TextLine } from './text-line.ts';

/** A quoted field may contain line ends; more lines than this are taken for a quote that is never closed. */
const linesPerRowMax = 100;
const delimiters = [',', ';', '\t', '|'] as const;

/** @param delimiter null: whichever the header has most of */
export async function* csvRows(lines: AsyncIterable<TextLine>, delimiter: string | null): AsyncGenerator<Row> {
  const waiting: TextLine[] = [];
  let shape: Shape | undefined;
  for await (const line of lines) {
    if (waiting.length === 0 && line.text.trim() === '') continue;
    if (shape === undefined) shape = shapeOf(line, delimiter);
    else {
      waiting.push(line);
      yield* rowsIn(waiting, shape, false);
    }
  }
  if (shape !== undefined) yield* rowsIn(waiting, shape, true);
}

interface Shape {
  readonly delimiter: string;
  readonly header: readonly string[];
}

function shapeOf({ at, text }: TextLine, given: string | null): Shape {
  const delimiter = given ?? delimiters.reduce((best, next) => (text.split(next).length > text.split(best).length ? next : best));
  const fields = fieldsOf(text, delimiter);
  if (typeof fields === 'string') throw new NonRetryableError(`The header in line ${at} is not readable: ${fields}.`, { code: 'SOURCE_BROKEN' });
  const header = fields.map((name) => name.trim());
  const twice = header.find((name, index) => header.indexOf(name) !== index);
  if (twice !== undefined) throw new NonRetryableError(`The header has the column "${twice}" twice: rename one.`, { code: 'SOURCE_BROKEN' });
  return { delimiter, header };
}

/** Takes whole rows off the front of the lines that wait. */
function* rowsIn(waiting: TextLine[], shape: Shape, isEnd: boolean): Generator<Row> {
  for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
    const count = balancedAfter(waiting);
    if (count === null && !isEnd && waiting.length < linesPerRowMax) return;
    const row = count === null ? 'a quote is opened and never closed' : record(waiting.slice(0, count), shape);
    if (typeof row === 'string') yield { kind: 'broken', at: first.at, reason: row, text: first.text };
    else yield { kind: 'row', at: first.at, record: row };
    waiting.splice(0, typeof row === 'string' ? 1 : (count ?? 1));
    while (waiting[0]?.text.trim() === '') waiting.shift();
  }
}

/** How many lines make the quotes even; null: all of them do not. */
function balancedAfter(lines: readonly TextLine[]): number | null {
  let quotes = 0;
  for (const [index, { text }] of lines.entries()) {
    for (let place = text.indexOf('"'); place !== -1; place = text.indexOf('"', place + 1)) quotes += 1;
    if (quotes % 2 === 0) return index + 1;
  }
  return null;
}

/** The record, or why there is none. */
function record(lines: readonly TextLine[], { delimiter, header }: Shape): Record<string, string> | string {
  const fields = fieldsOf(lines.map(({ text }) => text).join('\n'), delimiter);
  if (typeof fields === 'string') return fields;
  if (fields.length !== header.length) return `${fields.length} fields where the header has ${header.length}`;
  return Object.fromEntries(header.map((name, index) => [name, fields[index] ?? '']));
}

/** The fields of one row, or what is wrong with it. Most rows have no quotes and need no parser. */
function fieldsOf(text: string, delimiter: string): string[] | string {
  if (!text.includes('"')) return text.split(delimiter);
  try {
    const [row, ...rest]: string[][] = parse(text, { delimiter });
    return row === undefined || rest.length > 0 ? 'the quotes do not match' : row;
  } catch (error) {
    return `the quotes do not match (${(error as { code?: string }).code ?? 'not CSV'})`;
  }
}
