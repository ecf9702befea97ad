/**
 * The dead letters of a deployment: each shard has its own, and they are listed as one, newest first. In a deployment of several shards an id ends in
 * the number of the shard, `1767225600000-0.2`, as each shard's Redis gives out its own.
 */
import { createDeadLetters, type DeadLetter, type DeadLetters } from './dead-letters.ts';
import type { Redis } from './redis.ts';

export function deadLettersOf({ redis, prefixes }: { readonly redis: Redis; readonly prefixes: readonly string[] }): DeadLetters {
  const shards = prefixes.map((prefix) => createDeadLetters({ redis, prefix }));
  const [home] = shards as [DeadLetters, ...DeadLetters[]];
  if (shards.length === 1) return home;

  function placed(id: string): { readonly shard: DeadLetters; readonly entry: string } | null {
    const [entry = '', number] = id.split('.');
    const shard = shards[Number(number ?? Number.NaN)];
    return shard === undefined ? null : { shard, entry };
  }

  async function pageOf(shard: number, limit: number, before: string | undefined): ReturnType<DeadLetters['list']> {
    const page = await (shards[shard] as DeadLetters).list({ limit, ...(before !== undefined && { before: beforeIn(shard, before) }) });
    return { ...page, letters: page.letters.map((letter) => ({ ...letter, id: `${letter.id}.${shard}` })) };
  }

  return {
    async list({ limit, before }) {
      const pages = await Promise.all(shards.map((_, shard) => pageOf(shard, limit, before)));
      const all = pages.flatMap(({ letters }) => letters).toSorted(newestFirst);
      return { letters: all.slice(0, limit), hasMore: all.length > limit || pages.some(({ hasMore }) => hasMore) };
    },
    count: async () => sum(await Promise.all(shards.map((shard) => shard.count()))),
    async replay(id) {
      const place = placed(id);
      return place !== null && (await place.shard.replay(place.entry));
    },
    replayAll: async () => sum(await Promise.all(shards.map((shard) => shard.replayAll()))),
    async drop(id) {
      const place = placed(id);
      return place !== null && (await place.shard.drop(place.entry));
    },
  };
}

/** Of those with one entry id the shard of the lower number comes first: what the page before has not shown yet begins behind it. */
function beforeIn(shard: number, before: string): string {
  const [time, count, of] = partsOf(before);
  return shard > of ? `${time}-${count + 1n}` : `${time}-${count}`;
}

function newestFirst({ id: one }: DeadLetter, { id: other }: DeadLetter): number {
  const [left, right] = [partsOf(one), partsOf(other)];
  return Number(right[0] - left[0]) || Number(right[1] - left[1]) || left[2] - right[2];
}

/** Redis counts further than a number can be exact. */
function partsOf(id: string): readonly [time: bigint, count: bigint, shard: number] {
  const [time = '0', count = '0', shard = '0'] = id.split(/[-.]/);
  return [BigInt(time), BigInt(count), Number(shard)];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
