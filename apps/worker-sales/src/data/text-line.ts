/** Bytes as lines of text, numbered from 1; `\n` and `\r\n` end one, a byte-order mark is dropped. */
import { NonRetryableError } from '@baton/worker';

export interface TextLine {
  readonly at: number;
  readonly text: string;
}

const lineLengthMax = 1_048_576;

/** @throws {NonRetryableError} at a line so long that the file can hardly be one of lines */
export async function* textLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TextLine> {
  const decoder = new TextDecoder();
  let rest = '';
  let at = 0;
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > lineLengthMax)
      throw new NonRetryableError(`Line ${at + lines.length + 1} is longer than ${lineLengthMax} characters: is this a file of lines?`, {
        code: 'SOURCE_BROKEN',
      });
    for (const line of lines) yield { at: (at += 1), text: withoutReturn(line) };
  }
  rest += decoder.decode();
  if (rest !== '') yield { at: at + 1, text: withoutReturn(rest) };
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
