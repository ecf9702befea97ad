/** Tells the format of a source from how it begins, where the workflow does not say. */
import type { SourceFormat } from '../capability/data-fetch.ts';

export interface Begun {
  readonly format: SourceFormat;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** `[` begins a JSON array, `{` an object a line, anything else a header. */
export async function detectFormat(chunks: AsyncIterable<Uint8Array>): Promise<Begun> {
  const iterator = chunks[Symbol.asyncIterator]();
  const read: Uint8Array[] = [];
  let beginning = '';
  while (beginning === '') {
    const next = await iterator.next();
    if (next.done === true) break;
    read.push(next.value);
    beginning = new TextDecoder().decode(Buffer.concat(read)).trimStart();
  }
  const format = beginning.startsWith('[') ? 'json' : beginning.startsWith('{') ? 'ndjson' : 'csv';
  return { format, chunks: rejoined(read, iterator) };
}

async function* rejoined(read: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* read;
    yield* { [Symbol.asyncIterator]: () => rest };
  } finally {
    await rest.return?.();
  }
}
