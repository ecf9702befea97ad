/** Who is alive and what they can do: one key per agent that expires with its heartbeat, an index of them, and one for each capability. */
import { readFileSync } from 'node:fs';
import { AgentEntry } from '@baton/protocol';
import { capabilitiesKey } from './capability-set.ts';
import { execute } from './pipeline.ts';
import type { Redis } from './redis.ts';
import { msOf } from './server-time.ts';
import { partnersKey } from './tree-partners.ts';

const heartbeatScript = readFileSync(new URL('./heartbeat.lua', import.meta.url), 'utf8');
/** An agent that is killed is seen to be gone within six seconds. */
const heartbeatMs = 2_000;

export interface RegisterAgentOptions {
  readonly redis: Redis;
  readonly prefix: string;
  readonly entry: Omit<AgentEntry, 'heartbeat_at'>;
  readonly heartbeatMs?: number;
  /** A heartbeat that failed; the next one is tried all the same. */
  readonly onError: (error: Error) => void;
}

/** Resolves when the first heartbeat is written. An agent that misses three is gone. */
export async function registerAgent(options: RegisterAgentOptions): Promise<{ readonly close: () => Promise<void> }> {
  const { redis, prefix, entry, onError } = options;
  const everyMs = options.heartbeatMs ?? heartbeatMs;
  const ttlMs = 3 * everyMs;
  const names = entry.capabilities.map(({ name }) => name);
  const serving = names.flatMap((name) => [agentsOfKey(prefix, name), treesKey(prefix, name)]);
  const treeDomain = entry.kit?.trees === true ? (entry.trust_domain ?? '') : '';

  async function beat(): Promise<void> {
    const alive: AgentEntry = { ...entry, heartbeat_at: new Date().toISOString() };
    const keys = [agentKey(prefix, entry.id), agentsKey(prefix), capabilitiesKey(prefix), partnersKey(prefix), ...serving];
    await redis.eval(heartbeatScript, keys.length, ...keys, entry.id, JSON.stringify(alive), ttlMs, treeDomain, ...names);
  }

  await beat();
  const timer = setInterval(() => void beat().catch(onError), everyMs);
  return {
    async close() {
      clearInterval(timer);
      const pipeline = redis.pipeline();
      pipeline.del(agentKey(prefix, entry.id));
      for (const index of [agentsKey(prefix), ...serving]) pipeline.zrem(index, entry.id);
      await execute(pipeline);
    },
  };
}

/** Those with a heartbeat not older than three beats, longest silent first. */
export async function listAgents(redis: Redis, prefix: string): Promise<readonly AgentEntry[]> {
  const ids = await redis.zrange(agentsKey(prefix), '0', '-1');
  if (ids.length === 0) return [];
  const entries = await redis.mget(...ids.map((id) => agentKey(prefix, id)));
  return entries.flatMap((text) => {
    const entry = text === null ? null : AgentEntry.safeParse(JSON.parse(text));
    return entry?.success ? [entry.data] : [];
  });
}

/** How many agents serve the capability. One round trip. */
export async function agentsOf(redis: Redis, prefix: string, capability: string): Promise<number> {
  const [time, serving] = await Promise.all([redis.time(), redis.zrange(agentsOfKey(prefix, capability), '0', '-1', 'WITHSCORES')]);
  const now = msOf(time);
  return serving.filter((goneAt, position) => position % 2 === 1 && Number(goneAt) > now).length;
}

export function agentsOfKey(prefix: string, capability: string): string {
  return `${prefix}:agents.${capability}`;
}

export function treesKey(prefix: string, capability: string): string {
  return `${prefix}:trees.${capability}`;
}

export function agentsKey(prefix: string): string {
  return `${prefix}:agents`;
}

export function agentKey(prefix: string, id: string): string {
  return `${prefix}:agent:${id}`;
}
