/** What Baton's processes use while there is nothing to do. */
import { setTimeout as delay } from 'node:timers/promises';
import { connectRedis } from '@baton/queue';
import type { System } from './system.ts';
import { spentBetween, usageOf } from './usage.ts';

export interface Idle {
  readonly when: 'before load' | 'after load';
  /** By role; Redis among them. */
  readonly roles: Readonly<Record<string, { readonly coreShare: number; readonly rssBytes: number }>>;
}

/** What was just done may still be cleaned up after. */
const restMs = 1_000;

export async function watchIdle({ redisUrl, processes }: System, when: Idle['when'], ms: number): Promise<Idle> {
  const redis = await connectRedis(redisUrl, { name: 'bench-idle' });
  await delay(restMs);
  const before = await usageOf(processes, redis);
  await delay(ms);
  const after = await usageOf(processes, redis);
  redis.disconnect();
  const spent = spentBetween(before, after);
  const roles = Object.entries(spent.cpuMs).map(([role, cpuMs]) => [role, { coreShare: cpuMs / spent.ms, rssBytes: after.rssBytes[role] ?? 0 }] as const);
  return { when, roles: Object.fromEntries(roles) };
}
