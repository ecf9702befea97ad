/** The faults, as one table: each is drawn with its weight, lasts as long as its function does, and is over, mended, when that returns. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '@baton/testkit';
import type { Member, Role } from './member.ts';
import type { Mode } from './order.ts';
import type { Stand } from './stand.ts';

export interface FaultKind {
  readonly weight: number;
  /** Whom it may hit; `redis`: the server; `network`: one of them, or all at once. */
  readonly on: readonly Role[] | 'redis' | 'network';
  readonly run: (targets: readonly Member[], tools: FaultTools) => Promise<void>;
}

export interface FaultTools {
  readonly stand: Stand;
  readonly random: Random;
  readonly onFinding: (finding: string) => void;
  /** Something else has hit it since then, or shortly before: how it ended says nothing. */
  readonly wasHitBesides: (member: Member, at: number) => boolean;
}

const everyone: readonly Role[] = ['orchestrator', 'api', 'agent'];
const minute = 60_000;

export const faultKinds = {
  kill: { weight: 12, on: everyone, run: ([member], { random }) => only(member).kill(between(random, 100, 2_000)) },
  sever: { weight: 6, on: everyone, run: sever },
  terminate: { weight: 4, on: everyone, run: terminate },
  freeze: { weight: 10, on: everyone, run: ([member], { random }) => only(member).freeze(between(random, 500, 8_000)) },
  cut: { weight: 8, on: 'network', run: async (members) => members.forEach(({ proxy }) => proxy.cut()) },
  block: { weight: 5, on: 'network', run: (members, { random }) => impair(members, (member) => member.proxy.block(), between(random, 1_000, 5_000)) },
  stall: { weight: 5, on: 'network', run: (members, { random }) => impair(members, (member) => member.proxy.stall(), between(random, 1_000, 5_000)) },
  slow: {
    weight: 5,
    on: 'network',
    run: (members, { random }) => {
      const ms = between(random, 20, 300);
      return impair(members, (member) => member.proxy.slow(ms), between(random, 1_000, 5_000));
    },
  },
  redis_restart: { weight: 3, on: 'redis', run: restartRedis },
  redis_pause: { weight: 4, on: 'redis', run: pauseRedis },
  clock: { weight: 4, on: ['agent'], run: shiftClock },
  duplicate: { weight: 5, on: ['agent'], run: misbehave('duplicate') },
  hold: { weight: 5, on: ['agent'], run: misbehave('hold') },
  garbage: { weight: 3, on: ['agent'], run: misbehave('garbage') },
  swallow: { weight: 2, on: ['agent'], run: misbehave('swallow') },
  silent: { weight: 3, on: ['agent'], run: misbehave('silent') },
  unruly: { weight: 2, on: ['agent'], run: misbehave('unruly') },
} as const satisfies Readonly<Record<string, FaultKind>>;
export type FaultName = keyof typeof faultKinds;

function only(member: Member | undefined): Member {
  if (member === undefined) throw new RangeError('The fault hits nobody.');
  return member;
}

function between(random: Random, least: number, most: number): number {
  return least + random.below(most - least);
}

/** Killed while every answer is long on its way: between one thing that it does and the next, where otherwise is only a millisecond to be hit. */
async function sever(targets: readonly Member[], { random }: FaultTools): Promise<void> {
  const member = only(targets[0]);
  member.proxy.slow(between(random, 100, 400));
  await delay(between(random, 500, 2_000));
  const back = member.kill(between(random, 100, 2_000));
  member.proxy.mend();
  await back;
}

/** Kubernetes' way of replacing one. With nothing else on it, it ends by itself and with 0. */
async function terminate(targets: readonly Member[], { random, onFinding, wasHitBesides }: FaultTools): Promise<void> {
  const member = only(targets[0]);
  const at = performance.now();
  const code = await member.replace(between(random, 100, 1_000));
  if (code !== 0 && !wasHitBesides(member, at)) onFinding(`${member.name} ended with ${code} on SIGTERM, and nothing else had happened to it`);
}

async function impair(members: readonly Member[], how: (member: Member) => void, ms: number): Promise<void> {
  members.forEach(how);
  await delay(ms);
  for (const { proxy } of members) proxy.mend();
}

async function restartRedis(_targets: readonly Member[], { stand, random }: FaultTools): Promise<void> {
  await stand.server.kill();
  await delay(between(random, 100, 2_500));
  await stand.server.restart();
}

async function pauseRedis(_targets: readonly Member[], { stand, random }: FaultTools): Promise<void> {
  const ms = between(random, 200, 2_000);
  await stand.redis.call('CLIENT', 'PAUSE', ms, random.pick(['WRITE', 'ALL'] as const));
  await delay(ms);
}

/** Far, but nearer than the time to live of an assignment: one that an agent takes for expired it need not do. */
async function shiftClock([member]: readonly Member[], { random }: FaultTools): Promise<void> {
  only(member).order({ order: 'clock', ms: random.pick([-1, 1]) * between(random, minute, 20 * minute) });
  await delay(between(random, 1_000, 6_000));
  only(member).order({ order: 'clock', ms: 0 });
}

function misbehave(mode: Mode): FaultKind['run'] {
  return async ([member], { random }) => {
    const ms = between(random, 500, 3_000);
    only(member).order({ order: 'misbehave', mode, ms });
    await delay(ms);
  };
}
