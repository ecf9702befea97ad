/** The clean agent: raw records in, sales out, each once. What is dropped is counted by reason, with examples, and kept in a file of its own. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { FileExchange, LineFile } from '@baton/files';
import { type HandlerContext, NonRetryableError } from '@baton/worker';
import type { z } from 'zod';
import { type Columns, type DropReason, type dataClean, dropReasons, type MendReason, mendReasons } from '../capability/data-clean.ts';
import { RawRow } from '../capability/data-fetch.ts';
import { textLines } from '../data/text-line.ts';
import { createCleaning, nameOf } from './cleaning.ts';

export interface CleanAgentOptions {
  readonly exchange: FileExchange;
  readonly now: () => number;
}

type Input = z.output<typeof dataClean.input>;
type Output = z.output<typeof dataClean.output>;
type Example = Output['dropped'][number]['examples'][number];

const examplesMax = 3;
const textLengthMax = 120;
const rowsPerProgress = 10_000;

export function createDataClean({ exchange, now }: CleanAgentOptions): (input: Input, context: HandlerContext) => Promise<Output> {
  return async (input, context) => {
    const path = await exchange.locate(input.uri);
    const until = input.until ?? new Date(now()).toISOString().slice(0, 10);
    await using sales = await exchange.openLines(context, 'sales.ndjson');
    await using dropped = await exchange.openLines(context, 'dropped.ndjson');
    const account = await clean({ path, input: { ...input, until }, files: { sales, dropped } }, context);
    refuseUnknownColumns(input.columns, account.columns);
    if (account.rows === 0)
      throw new NonRetryableError(`None of the ${account.rowsIn} rows is usable: ${summary(account)}. Check the columns and the rules.`, {
        code: 'NO_USABLE_ROWS',
      });
    return {
      uri: await sales.commit(),
      dropped_uri: await dropped.commit(),
      rows_in: account.rowsIn,
      rows: account.rows,
      until,
      dropped: dropReasons.flatMap((reason) => {
        const found = account.dropped.get(reason);
        return found === undefined ? [] : [{ reason, count: found.count, examples: found.examples }];
      }),
      dropped_counts: Object.fromEntries([...account.dropped].map(([reason, { count }]) => [reason, count])),
      mended: mendReasons.flatMap((reason) => ({ reason, count: account.mended.get(reason) ?? 0 })).filter(({ count }) => count > 0),
    };
  };
}

interface Account {
  rowsIn: number;
  rows: number;
  readonly columns: Set<string>;
  readonly dropped: Map<DropReason, { count: number; readonly examples: Example[] }>;
  readonly mended: Map<MendReason, number>;
}

interface Work {
  readonly path: string;
  readonly input: Input & { readonly until: string };
  readonly files: { readonly sales: LineFile; readonly dropped: LineFile };
}

async function clean({ path, input, files }: Work, { signal, progress }: HandlerContext): Promise<Account> {
  const cleaned = createCleaning(input.columns, input.rules, input.until);
  const account: Account = { rowsIn: 0, rows: 0, columns: new Set(), dropped: new Map(), mended: new Map() };
  const bytes = (await stat(path)).size;
  const stream = createReadStream(path, { signal });
  for await (const { text } of textLines(stream)) {
    const { at, record } = RawRow.parse(JSON.parse(text));
    account.rowsIn += 1;
    for (const name of Object.keys(record)) account.columns.add(name);
    const outcome = cleaned(record);
    if (outcome.kind === 'sale') {
      account.rows += 1;
      for (const reason of outcome.mended) account.mended.set(reason, (account.mended.get(reason) ?? 0) + 1);
      await files.sales.append(outcome.sale);
    } else {
      const example = { at, value: outcome.value.slice(0, textLengthMax), label: nameOf(record, input.columns).slice(0, textLengthMax) };
      countDropped(account, outcome.reason, example);
      await files.dropped.append({ ...example, reason: outcome.reason, record });
    }
    if (account.rowsIn % rowsPerProgress === 0) progress((99 * stream.bytesRead) / bytes, `${account.rowsIn} rows cleaned`);
  }
  return account;
}

function countDropped({ dropped }: Account, reason: DropReason, example: Example): void {
  const entry = dropped.get(reason) ?? { count: 0, examples: [] };
  entry.count += 1;
  if (entry.examples.length < examplesMax) entry.examples.push(example);
  dropped.set(reason, entry);
}

function refuseUnknownColumns(columns: Columns, known: ReadonlySet<string>): void {
  const unknown = Object.entries(columns).filter(([, name]) => name !== null && !known.has(name));
  if (unknown.length === 0) return;
  const wrong = unknown.map(([part, name]) => `"${name}" (columns.${part})`).join(', ');
  const there = [...known].map((name) => `"${name}"`).join(', ');
  throw new NonRetryableError(`The data has no column ${wrong}. It has: ${there}.`, { code: 'UNKNOWN_COLUMN' });
}

function summary({ dropped }: Account): string {
  return [...dropped].map(([reason, { count: rows }]) => `${reason} ${rows}`).join(', ') || 'there are none';
}
