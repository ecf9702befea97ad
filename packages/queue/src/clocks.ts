/** How far other clocks are from that of Redis: ours, and those of the agents by their heartbeats. A heartbeat tells it to within its way to Redis. */
import { AgentEntry } from '@baton/protocol';
import type { Redis } from './redis.ts';
import { agentKey, agentsKey } from './registry.ts';
import { msOf } from './server-time.ts';

export interface ClockSkew {
  /** An agent's id; null: this process. */
  readonly agent: string | null;
  /** Positive: ahead of Redis. */
  readonly aheadMs: number;
}

/** @param now this process's clock, ms since the epoch */
export async function readClocks(redis: Redis, prefix: string, now: () => number): Promise<readonly ClockSkew[]> {
  const before = now();
  const time = await redis.time();
  // What Redis said is of about half way.
  const own = { agent: null, aheadMs: Math.round((before + now()) / 2 - msOf(time)) };
  return [own, ...(await agentClocks(redis, prefix))];
}

/** What an agent says of its clock, and when Redis heard it: of the same heartbeat, so in one transaction. */
async function agentClocks(redis: Redis, prefix: string): Promise<readonly ClockSkew[]> {
  const ids = await redis.zrange(agentsKey(prefix), '0', '-1');
  if (ids.length === 0) return [];
  const answers = await redis
    .multi()
    .zmscore(agentsKey(prefix), ...ids)
    .mget(...ids.map((id) => agentKey(prefix, id)))
    .exec();
  const [heard = [], entries = []] = (answers ?? []).map(([, answer]) => answer as readonly (string | null)[]);
  return ids.flatMap((agent, index) => {
    const text = entries[index];
    const entry = typeof text === 'string' ? AgentEntry.safeParse(JSON.parse(text)) : null;
    return entry?.success ? [{ agent, aheadMs: Date.parse(entry.data.heartbeat_at) - Number(heard[index]) }] : [];
  });
}
