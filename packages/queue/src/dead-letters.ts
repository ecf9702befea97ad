/**
 * Replies that could not be read, in the stream `dead`, where somebody can look at them, send them back and drop them.
 * **Invariant:** a reply is in its result stream or here, never in both and never in neither. At most some 10,000 are kept: then the oldest go.
 */
import { readFileSync } from 'node:fs';
import type { Problem, ReceivedReply } from '@baton/core';
import { execute } from './pipeline.ts';
import type { Redis } from './redis.ts';
import { awaitedInQueue, noReply, replyField } from './result-stream.ts';

const replayScript = readFileSync(new URL('./replay-dead-letter.lua', import.meta.url), 'utf8');
const keptMax = 10_000;
/** Of a reply, for those who look. */
const rawShownMax = 2_000;
/** A reply may have some hundred kB. */
const replaysAtOnceMax = 50;

export interface DeadLetter {
  readonly id: string;
  /** `res.<capability>.<partition>` */
  readonly stream: string;
  /** By the clock of Redis. */
  readonly at: number;
  readonly problems: readonly Problem[];
  /** Its beginning. */
  readonly raw: string;
  readonly rawLength: number;
}

export interface DeadLetters {
  /** Newest first. @param before the id with which the page before ended */
  list(query: { readonly limit: number; readonly before?: string }): Promise<{ readonly letters: readonly DeadLetter[]; readonly hasMore: boolean }>;
  count(): Promise<number>;
  /** Back into its stream, at the end. One that still cannot be read comes back under another id. @returns false: there is none */
  replay(id: string): Promise<boolean>;
  /** All that there are now. @returns how many */
  replayAll(): Promise<number>;
  /** For good. @returns false: there was none */
  drop(id: string): Promise<boolean>;
}

type Entry = readonly [id: string, fields: readonly string[]];

/** In one transaction. */
export async function rejectReplies(redis: Redis, prefix: string, replies: readonly ReceivedReply[]): Promise<void> {
  if (replies.length === 0) return;
  const transaction = redis.multi();
  for (const { stream, id, raw, problems, isAwaitedInQueue } of replies) {
    const more = isAwaitedInQueue ? [awaitedInQueue, '1'] : [];
    transaction.xadd(deadKey(prefix), 'MAXLEN', '~', keptMax, '*', 'stream', stream, 'reason', JSON.stringify(problems), 'raw', raw, ...more);
    transaction.xdel(stream, id);
  }
  await execute(transaction);
}

export function createDeadLetters({ redis, prefix }: { readonly redis: Redis; readonly prefix: string }): DeadLetters {
  const key = deadKey(prefix);

  async function back([id, fields]: Entry): Promise<boolean> {
    const { stream, entry } = contentOf(fields);
    return (await redis.eval(replayScript, 2, key, stream, id, ...entry)) === 1;
  }

  return {
    async list({ limit, before }) {
      // One more than asked for tells whether there is another page.
      const entries = await redis.xrevrange(key, before === undefined ? '+' : `(${before}`, '-', 'COUNT', limit + 1);
      return { letters: entries.slice(0, limit).map((entry) => letterOf(prefix, entry)), hasMore: entries.length > limit };
    },
    count: () => redis.xlen(key),
    async replay(id) {
      const [entry] = await redis.xrange(key, id, id);
      return entry !== undefined && (await back(entry));
    },
    async replayAll() {
      const [newest] = await redis.xrevrange(key, '+', '-', 'COUNT', 1);
      if (newest === undefined) return 0;
      // What comes back unread stands behind the newest of now: nobody goes round in circles.
      let [from, replayed] = ['-', 0];
      for (;;) {
        const entries = await redis.xrange(key, from, newest[0], 'COUNT', replaysAtOnceMax);
        const last = entries.at(-1);
        if (last === undefined) return replayed;
        const isBack = await Promise.all(entries.map(back));
        replayed += isBack.filter(Boolean).length;
        from = `(${last[0]}`;
      }
    },
    drop: async (id) => (await redis.xdel(key, id)) === 1,
  };
}

function deadKey(prefix: string): string {
  return `${prefix}:dead`;
}

function letterOf(prefix: string, [id, fields]: Entry): DeadLetter {
  const { stream, problems, raw } = contentOf(fields);
  // Redis begins an entry's id with its time.
  return {
    id,
    stream: stream.slice(prefix.length + 1),
    at: Number.parseInt(id, 10),
    problems,
    raw: raw.slice(0, rawShownMax),
    rawLength: raw.length,
  };
}

/** @returns entry: the fields as they stood in the result stream */
function contentOf(fields: readonly string[]): {
  readonly stream: string;
  readonly problems: readonly Problem[];
  readonly raw: string;
  readonly entry: readonly string[];
} {
  const valueOf = (name: string): string | undefined => fields[fields.findIndex((each, index) => index % 2 === 0 && each === name) + 1];
  const [stream = '', reason = '[]', raw = ''] = ['stream', 'reason', 'raw'].map(valueOf);
  const problems = JSON.parse(reason) as readonly Problem[];
  const isOtherEntry = problems[0]?.code === noReply;
  const more = fields.includes(awaitedInQueue, 6) ? [awaitedInQueue, '1'] : [];
  return { stream, problems, raw, entry: isOtherEntry ? (JSON.parse(raw) as readonly string[]) : [replyField, raw, ...more] };
}
