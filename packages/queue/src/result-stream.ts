/**
 * Replies on Redis streams, one stream for each capability and partition; an entry is a reply, and a word more if what waits for it waits in the queue.
 * **Invariant:** what is in a stream is not settled. **Invariant:** of the replies to one job, the first counts for all who have the job.
 */
import { isLonger, type Payloads } from '@baton/blobs';
import { limits, type Problem, type ReceivedReply, type Schema, upgraded } from '@baton/core';
import { capabilityOfStream, capabilityQueue, parseJson, parseReplyData, resultStream, type SentReply, schemaVersionOf } from '@baton/protocol';
import { QueueKeys } from 'bullmq';
import { sentReply, wholeReplyData } from './by-reference.ts';
import type { Redis } from './redis.ts';

/** The fields of an entry. */
export const replyField = 'reply';
export const awaitedInQueue = 'awaited_in_queue';
/** The code of what is wrong with an entry that has other fields: its raw text is all of them, as a JSON list. */
export const noReply = 'no_reply';
/** Where BullMQ itself puts it when the job is done, and reads it when it fetches one: no room and no read of its own. */
const replyInJob = 'returnvalue';
/** For each stream and call. */
const repliesPerReadMax = 256;

export interface Appended {
  readonly capability: string;
  readonly partition: number;
  readonly jobId: string;
  /** If it is by reference, what it refers to is kept. */
  readonly reply: SentReply;
  readonly isAwaitedInQueue?: boolean;
}

export interface AppendTo {
  readonly redis: Redis;
  readonly prefix: string;
  readonly payloads: Payloads;
}

/**
 * Puts the reply into its job, where an agent that gets the job once more finds it, and into its stream. One write: neither waits for the other. What in it is
 * over the inline limit is kept out of line before that.
 *
 * @returns the reply that counts: this one, unless the job had been replied before
 */
export async function appendReply({ redis, prefix, payloads }: AppendTo, appended: Appended): Promise<SentReply> {
  const { capability, partition, jobId, isAwaitedInQueue = false } = appended;
  const { reply, text } = await light(payloads, appended.reply);
  const more = isAwaitedInQueue ? [awaitedInQueue, '1'] : [];
  const job = new QueueKeys(prefix).toKey(capabilityQueue(capability), jobId);
  // In this order: what is in the job and not in the stream is appended by the next agent, but what is in the stream alone would be done again.
  const [isFirst, , isKept] = await Promise.all([
    redis.hsetnx(job, replyInJob, text),
    redis.xadd(streamKey(prefix, capability, partition), '*', replyField, text, ...more),
    redis.hexists(job, 'data'),
  ]);
  // This agent was silent for so long that another one has done the job, and BullMQ has forgotten it: nothing may be left of it.
  if (isKept === 0) await redis.hdel(job, replyInJob);
  const first = isFirst === 1 ? null : await redis.hget(job, replyInJob);
  return first === null ? reply : (JSON.parse(first) as SentReply);
}

async function light(payloads: Payloads, reply: SentReply): Promise<{ readonly reply: SentReply; readonly text: string }> {
  const text = JSON.stringify(reply);
  if (!isLonger(text, limits.inlineBytesMax)) return { reply, text };
  const sent = await sentReply(payloads, reply);
  return sent === reply ? { reply, text } : { reply: sent, text: JSON.stringify(sent) };
}

interface ReadFrom {
  readonly redis: Redis;
  readonly payloads: Payloads;
  readonly schema: Schema;
}

/** What stands in the streams after these ids; waits at most `blockMs` for the first entry. */
export async function readReplies(from: ReadFrom, cursors: ReadonlyMap<string, string>, blockMs: number): Promise<readonly ReceivedReply[]> {
  const { redis } = from;
  const positions = ['STREAMS', ...cursors.keys(), ...cursors.values()] as const;
  const count = ['COUNT', repliesPerReadMax] as const;
  // BLOCK 0 would be for ever.
  const answer = blockMs <= 0 ? await redis.xread(...count, ...positions) : await redis.xread(...count, 'BLOCK', Math.ceil(blockMs), ...positions);
  const entries = (answer ?? []).flatMap(([stream, ofStream]) => ofStream.map(([id, fields]) => ({ stream, id, fields })));
  return await Promise.all(entries.map((entry) => received(from, entry)));
}

export async function removeReplies(redis: Redis, replies: readonly ReceivedReply[]): Promise<void> {
  if (replies.length === 0) return;
  const byStream = Map.groupBy(replies, (reply) => reply.stream);
  await Promise.all([...byStream].map(([stream, group]) => redis.xdel(stream, ...group.map(({ id }) => id))));
}

export function streamKey(prefix: string, capability: string, partition: number): string {
  return `${prefix}:${resultStream(capability, partition)}`;
}

interface Entry {
  readonly stream: string;
  readonly id: string;
  readonly fields: readonly string[];
}

async function received({ payloads, schema }: ReadFrom, { stream, id, fields }: Entry): Promise<ReceivedReply> {
  const [name, raw, more] = fields;
  const isAwaitedInQueue = more === awaitedInQueue;
  if (name !== replyField || raw === undefined || fields.length !== (isAwaitedInQueue ? 4 : 2)) {
    const problems: readonly Problem[] = [{ path: '', code: noReply, message: `The entry must have the one field "${replyField}" with the message as JSON.` }];
    return { stream, id, report: null, isAwaitedInQueue, raw: JSON.stringify(fields), problems };
  }
  const data = parseJson(raw);
  const version = data.ok ? schemaVersionOf(data.value) : 1;
  if (version > schema.version) return { stream, id, report: null, isAwaitedInQueue, raw, problems: [], isNewer: true };
  // The prefix may have colons, the name of a stream has none.
  const capability = capabilityOfStream(stream.slice(stream.lastIndexOf(':') + 1));
  const reply = data.ok ? parseReplyData(upgraded(schema, 'reply', version, await wholeReplyData(payloads, data.value)), capability) : data;
  if (!reply.ok) return { stream, id, report: null, isAwaitedInQueue, raw, problems: reply.problems };
  // Redis begins an entry's id with its time.
  return { stream, id, report: { ...reply.value, at: Number.parseInt(id, 10) }, isAwaitedInQueue, raw, problems: [] };
}
