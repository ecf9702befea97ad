/** A file of one JSON value a line, as another agent left it; each value checked. Each line is ended, also the last. */
import { createReadStream } from 'node:fs';
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
  const path = await exchange.locate(uri);
  let rest = '';
  for await (const chunk of createReadStream(path, { signal, encoding: 'utf8' }) as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield schema.parse(JSON.parse(line));
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
