/**
 * Replies on Redis streams, one for each capability and partition.
 * **Invariant:** what is in a stream is not settled; cursors exist only to skip what this reader has in hand already.
 */
import { parseReply, resultStream, type ReplyMessage } from '@baton/protocol';
import type { Problem, ReceivedReply, ReplyReader } from '@baton/core';
import type { Redis } from 'ioredis';
import { knownCapabilities } from './capability-set.ts';
import { execute } from './pipeline.ts';

const field = 'reply';
const head = '0-0';
/** For each stream and call. */
const repliesPerReadMax = 256;
const capabilitiesRefreshMs = 1_000;
const deadRepliesMax = 10_000;

export async function appendReply(redis: Redis, prefix: string, capability: string, partition: number, reply: ReplyMessage): Promise<void> {
  await redis.xadd(streamKey(prefix, capability, partition), '*', field, JSON.stringify(reply));
}

export interface ReplyReaderOptions {
  /** For all but the blocking read, which gets a connection of its own. */
  readonly redis: Redis;
  readonly prefix: string;
}

export function createReplyReader({ redis, prefix }: ReplyReaderOptions): ReplyReader & { close(): Promise<void> } {
  const blocking = redis.duplicate({ connectionName: `${redis.options.connectionName ?? 'baton'}-replies` });
  const cursors = new Map<string, string>();
  let owned: readonly number[] = [];
  let capabilities: readonly string[] = [];
  let refreshedAt = Number.NEGATIVE_INFINITY;
  let epoch = 0;
  let isClosed = false;
  let wake = () => {};

  function rewind(): void {
    epoch += 1;
    for (const stream of cursors.keys()) cursors.set(stream, head);
  }

  // Redis may have come back with less than we have read, from its append-only file or as another primary.
  let wasReady = false;
  blocking.on('ready', () => {
    if (wasReady) rewind();
    wasReady = true;
  });
  // The shared connection's observer reports the outage; this one has the same.
  blocking.on('error', () => {});

  function align(): void {
    const streams = new Set(capabilities.flatMap((capability) => owned.map((partition) => streamKey(prefix, capability, partition))));
    for (const stream of cursors.keys()) if (!streams.has(stream)) cursors.delete(stream);
    for (const stream of streams) if (!cursors.has(stream)) cursors.set(stream, head);
  }

  async function refresh(): Promise<void> {
    if (performance.now() - refreshedAt < capabilitiesRefreshMs) return;
    capabilities = await knownCapabilities(redis, prefix);
    refreshedAt = performance.now();
    align();
  }

  async function read(blockMs: number): Promise<readonly ReceivedReply[]> {
    await refresh();
    // Not longer than until the next look at the capabilities: the first reply of a new one shall not wait for the end of a block.
    const waitMs = Math.min(blockMs, capabilitiesRefreshMs);
    if (cursors.size === 0) {
      await idle(waitMs);
      return [];
    }
    const epochBefore = epoch;
    const streams = [...cursors.keys()];
    const answer = await readStreams(blocking, streams, [...cursors.values()], waitMs).catch((error: unknown) => {
      if (isClosed) return null;
      throw error;
    });
    const replies: ReceivedReply[] = [];
    for (const [stream, entries] of answer ?? []) {
      const last = entries.at(-1)?.[0];
      if (last === undefined || !cursors.has(stream)) continue;
      if (epoch === epochBefore) cursors.set(stream, last);
      for (const [id, fields] of entries) replies.push(received(stream, id, fields));
    }
    return replies;
  }

  /** Nothing to read from: until something is, or the time is up. */
  async function idle(waitMs: number): Promise<void> {
    if (waitMs <= 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      wake = resolve;
      timer = setTimeout(resolve, waitMs);
    });
    clearTimeout(timer);
  }

  async function remove(replies: readonly ReceivedReply[]): Promise<void> {
    if (replies.length === 0) return;
    const pipeline = redis.pipeline();
    for (const [stream, group] of Map.groupBy(replies, (reply) => reply.stream)) pipeline.xdel(stream, ...group.map(({ id }) => id));
    await execute(pipeline);
  }

  async function reject(replies: readonly ReceivedReply[]): Promise<void> {
    if (replies.length === 0) return;
    const transaction = redis.multi();
    for (const { stream, id, raw, problems } of replies) {
      const reason = JSON.stringify(problems);
      transaction.xadd(`${prefix}:dead`, 'MAXLEN', '~', deadRepliesMax, '*', 'stream', stream, 'reason', reason, 'raw', raw);
      transaction.xdel(stream, id);
    }
    await execute(transaction);
  }

  return {
    read,
    remove,
    reject,
    rewind,
    own(partitions) {
      owned = [...partitions];
      align();
      wake();
    },
    async close() {
      isClosed = true;
      wake();
      blocking.disconnect();
    },
  };
}

type StreamEntries = readonly (readonly [stream: string, entries: readonly (readonly [id: string, fields: readonly string[]])[]])[];

async function readStreams(redis: Redis, streams: readonly string[], ids: readonly string[], blockMs: number): Promise<StreamEntries | null> {
  // BLOCK 0 would be for ever.
  if (blockMs <= 0) return await redis.xread('COUNT', repliesPerReadMax, 'STREAMS', ...streams, ...ids);
  return await redis.xread('COUNT', repliesPerReadMax, 'BLOCK', Math.ceil(blockMs), 'STREAMS', ...streams, ...ids);
}

function received(stream: string, id: string, fields: readonly string[]): ReceivedReply {
  const raw = fields[fields.indexOf(field) + 1];
  if (raw === undefined || fields.length !== 2 || fields[0] !== field) {
    const problems: readonly Problem[] = [{ path: '', code: 'no_reply', message: `The entry must have the one field "${field}" with the message as JSON.` }];
    return { stream, id, report: null, raw: JSON.stringify(fields), problems };
  }
  const reply = parseReply(raw);
  return reply.ok ? { stream, id, report: reply.value, raw, problems: [] } : { stream, id, report: null, raw, problems: reply.problems };
}

function streamKey(prefix: string, capability: string, partition: number): string {
  return `${prefix}:${resultStream(capability, partition)}`;
}
