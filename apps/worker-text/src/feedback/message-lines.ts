/** A file of one JSON value a line, as another agent left it; each value checked. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { FileExchange } from '@baton/files';
import type { HandlerContext } from '@baton/worker';
import type { z } from 'zod';

/** @throws {NonRetryableError} if the file lies elsewhere or is gone; {z.ZodError} if it is of another kind */
export async function* linesOf<Schema extends z.ZodType>(
  uri: string,
  schema: Schema,
  exchange: FileExchange,
  { signal }: HandlerContext,
): AsyncGenerator<z.output<Schema>> {
  const input = createReadStream(await exchange.locate(uri), { signal });
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    signal.throwIfAborted();
    if (line !== '') yield schema.parse(JSON.parse(line));
  }
}

/** All of them; for what has to see the whole. */
export async function allLinesOf<Schema extends z.ZodType>(
  uri: string,
  schema: Schema,
  exchange: FileExchange,
  context: HandlerContext,
): Promise<readonly z.output<Schema>[]> {
  const lines: z.output<Schema>[] = [];
  for await (const line of linesOf(uri, schema, exchange, context)) lines.push(line);
  return lines;
}
