/**
 * Which capabilities may stand in one tree: those that only agents serve whose kit can do it, all of one trust domain. Agents say so with their
 * heartbeats, which sum it up (`heartbeat.lua`): a look is one read, whatever the number of agents. It is taken in the background; who decides is
 * told what the last one saw. Not here: agents that register nowhere. Nobody knows of them, so nobody can heed them.
 */

import { execute } from './pipeline.ts';
import type { Redis } from './redis.ts';
import { msOf } from './server-time.ts';

export interface TreePartners {
  /** May subtasks of the two capabilities stand in one tree? */
  readonly sameTree: (one: string, other: string) => boolean;
  readonly close: () => void;
}

export interface TreePartnersOptions {
  readonly redis: Redis;
  readonly prefix: string;
  readonly everyMs?: number;
  /** A look failed; the next one comes all the same. */
  readonly onError: (error: Error) => void;
}

const lookEveryMs = 1_000;

/** Resolves after the first look. */
export async function watchTreePartners({ redis, prefix, everyMs = lookEveryMs, onError }: TreePartnersOptions): Promise<TreePartners> {
  let domains = await readDomains(redis, prefix);
  let [isLooking, isClosed] = [false, false];

  async function look(): Promise<void> {
    // Redis is slow or away: one look that waits is enough.
    if (isLooking) return;
    isLooking = true;
    try {
      domains = await readDomains(redis, prefix);
    } catch (error) {
      if (!isClosed) onError(error as Error);
    } finally {
      isLooking = false;
    }
  }

  const timer = setInterval(() => void look(), everyMs);
  return {
    sameTree(one, other) {
      const domain = domains.get(one);
      return domain !== undefined && domain !== null && domains.get(other) === domain;
    },
    close() {
      isClosed = true;
      clearInterval(timer);
    },
  };
}

/** By capability; null: agents of several domains serve it. */
async function readDomains(redis: Redis, prefix: string): Promise<ReadonlyMap<string, string | null>> {
  const [time, lines] = (await execute(redis.pipeline().time().zrange(partnersKey(prefix), '0', '-1', 'WITHSCORES'))) as [[string, string], readonly string[]];
  const now = msOf(time);
  const domains = new Map<string, string | null>();
  for (let position = 0; position < lines.length; position += 2) {
    const [capability, domain] = (lines[position] as string).split(' ') as [string, string];
    if (Number(lines[position + 1]) > now) domains.set(capability, domains.has(capability) ? null : domain);
  }
  return domains;
}

export function partnersKey(prefix: string): string {
  return `${prefix}:partners`;
}
