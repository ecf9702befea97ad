/** Who is alive and what they can do: one key per agent that expires with its heartbeat, and an index of them. */
import { AgentEntry } from '@baton/protocol';
import type { Redis } from 'ioredis';
import { capabilitiesKey } from './capability-set.ts';
import { execute } from './pipeline.ts';

const heartbeatMs = 5_000;

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

  async function beat(): Promise<void> {
    const now = Date.now();
    const alive: AgentEntry = { ...entry, heartbeat_at: new Date(now).toISOString() };
    const pipeline = redis.pipeline();
    pipeline.set(agentKey(prefix, entry.id), JSON.stringify(alive), 'PX', ttlMs);
    pipeline.zadd(agentsKey(prefix), now, entry.id);
    // Far behind the expiry of the keys, which is what counts: the clocks of the agents need not agree.
    pipeline.zremrangebyscore(agentsKey(prefix), '-inf', String(now - 100 * ttlMs));
    pipeline.sadd(capabilitiesKey(prefix), ...entry.capabilities.map(({ name }) => name));
    await execute(pipeline);
  }

  await beat();
  const timer = setInterval(() => void beat().catch(onError), everyMs);
  return {
    async close() {
      clearInterval(timer);
      const pipeline = redis.pipeline();
      pipeline.del(agentKey(prefix, entry.id));
      pipeline.zrem(agentsKey(prefix), entry.id);
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

function agentsKey(prefix: string): string {
  return `${prefix}:agents`;
}

function agentKey(prefix: string, id: string): string {
  return `${prefix}:agent:${id}`;
}
