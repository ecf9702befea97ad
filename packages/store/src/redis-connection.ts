/** The connection as the store uses it: with its scripts, and with every error turned into a StoreError. */
import { readFileSync } from 'node:fs';
import type { ChainableCommander, Result } from 'ioredis';
import type { Redis } from './redis.ts';
import { storeError } from './store-error.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** commit.lua */
    batonCommit(keyCount: number, words: readonly (string | number)[]): Result<number, Context>;
    /** below.lua and commit.lua */
    batonCommitBelow(keyCount: number, words: readonly (string | number)[]): Result<number, Context>;
    /** partitions-due.lua */
    batonPartitionsDue(keyCount: number, words: readonly (string | number)[]): Result<number[], Context>;
    /** register.lua */
    batonRegister(keyCount: number, words: readonly (string | number)[]): Result<number, Context>;
    /** forget.lua */
    batonForget(key: string, ...digests: readonly string[]): Result<number, Context>;
  }
}

/** ioredis sends a script's text once per connection and its SHA-1 from then on, and the text again where Redis has lost it. */
export function defineScripts(redis: Redis): void {
  redis.defineCommand('batonCommit', { lua: script('./commit.lua') });
  redis.defineCommand('batonCommitBelow', { lua: script('./below.lua') + script('./commit.lua') });
  redis.defineCommand('batonPartitionsDue', { lua: script('./partitions-due.lua') });
  redis.defineCommand('batonRegister', { lua: script('./register.lua') });
  redis.defineCommand('batonForget', { lua: script('./forget.lua'), numberOfKeys: 1 });
}

/** The answer to one command. */
export async function answer<Value>(reply: Promise<Value>): Promise<Value> {
  try {
    return await reply;
  } catch (error) {
    throw storeError(error);
  }
}

/** The answers to commands of one turn, which share a write: once all are there; throws the first error among them. */
export async function answers<Value>(replies: readonly Promise<Value>[]): Promise<readonly Value[]> {
  const settled = await Promise.allSettled(replies);
  return settled.map((reply) => {
    if (reply.status === 'rejected') throw storeError(reply.reason);
    return reply.value;
  });
}

/** The answers to a transaction; throws the first error among them. */
export async function transactionAnswers<Value>(transaction: ChainableCommander): Promise<readonly Value[]> {
  const replies = (await answer(transaction.exec())) ?? [];
  return replies.map(([error, value]) => {
    if (error) throw storeError(error);
    return value as Value;
  });
}

function script(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}
