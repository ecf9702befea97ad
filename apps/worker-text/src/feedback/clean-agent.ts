/** The clean agent: one line of plain text per message, each once, and nobody's name, address, number or card in it. */
import type { FileExchange } from '@baton/files';
import { type AnswerWith, answer, type HandlerContext, NonRetryableError } from '@baton/worker';
import type { z } from 'zod';
import { Message, type textClean } from '../capability/feedback.ts';
import { linesOf } from './message-lines.ts';
import { addRemoved, redact } from './pii.ts';

type Input = z.output<typeof textClean.input>;
type Output = z.output<typeof textClean.output>;

const rowsPerProgress = 500;

export function createTextClean(exchange: FileExchange): (input: Input, context: HandlerContext) => Promise<AnswerWith<Output>> {
  return async (input, context) => {
    await using kept = await exchange.openLines(context, 'clean.ndjson');
    const seen = new Set<string>();
    const dropped = { empty: 0, duplicate: 0 };
    let removed = { email: 0, phone: 0, card: 0, name: 0 };
    let rowsIn = 0;
    for await (const { author, ...message } of linesOf(input.input_uri, Message, exchange, context)) {
      rowsIn += 1;
      const plain = plainText(message.text);
      const key = wordsOf(plain);
      if (!/\p{L}{3}/u.test(plain)) dropped.empty += 1;
      else if (seen.has(key)) dropped.duplicate += 1;
      else {
        seen.add(key);
        const redacted = input.remove_pii ? redact(plain, { author, country: input.country }) : null;
        if (redacted !== null) removed = addRemoved(removed, redacted.removed);
        await kept.append({ ...message, text: redacted?.text ?? plain });
      }
      if (rowsIn % rowsPerProgress === 0) context.progress(50, `${rowsIn} messages cleaned`);
    }
    if (seen.size === 0) throw new NonRetryableError(`None of the ${rowsIn} messages has a text: check columns.text.`, { code: 'NO_USABLE_ROWS' });
    const uri = await kept.commit();
    return answer({ uri, rows_in: rowsIn, rows: seen.size, dropped, removed }, { contextUpdate: { clean_uri: uri } });
  };
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", nbsp: ' ' };

/** Without the markup that forms and mail programs leave, in one line. */
function plainText(text: string): string {
  return text
    .replace(/<\/?[a-z][^<>]*>/gi, ' ')
    .replace(/&(amp|lt|gt|quot|#39|nbsp);/g, (_, name: string) => entities[name] ?? '')
    .normalize('NFC')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .replace(/ ([.,!?])/g, '$1')
    .trim();
}

/** What two messages share that are the same: case, spaces and punctuation aside. */
function wordsOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}
