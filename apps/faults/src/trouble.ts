/** Brings about a fault every second or so, by a seed. **Invariant:** a process has one fault at a time, so that each is over when it says so. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '@baton/testkit';
import { type FaultKind, type FaultName, type FaultTools, faultKinds } from './fault-kinds.ts';
import type { Member } from './member.ts';
import type { Stand } from './stand.ts';

export interface TroubleOptions {
  readonly stand: Stand;
  readonly random: Random;
  readonly onFinding: (finding: string) => void;
  readonly signal: AbortSignal;
  /** For so long from the start replies may be lost from their streams: what is lost later is found too late. */
  readonly swallowMs: number;
}

export interface Trouble {
  /** By kind, how many there were. */
  readonly counts: ReadonlyMap<FaultName, number>;
  /** When no fault is on any more. */
  readonly ended: Promise<void>;
}

const [pauseMsMin, pauseMsMax] = [500, 1_500];
const allShare = 0.2;
/** What a fault has done to a process may show so much after it began. */
const lingerMs = 15_000;
const names = Object.keys(faultKinds) as FaultName[];

export function makeTrouble({ stand, random, onFinding, signal, swallowMs }: TroubleOptions): Trouble {
  const counts = new Map<FaultName, number>();
  const busy = new Set<Member>();
  const hits: { readonly member: Member; readonly at: number }[] = [];
  const running = new Set<Promise<void>>();
  const begunAt = performance.now();
  let isRedisBusy = false;

  const tools: FaultTools = {
    stand,
    random,
    onFinding,
    wasHitBesides: (member, at) => hits.filter((hit) => hit.member === member && hit.at > at - lingerMs).length > 1,
  };

  function targetsOf({ on }: FaultKind): readonly Member[] | null {
    if (on === 'redis') return isRedisBusy ? null : [];
    const free = stand.members.filter((member) => !busy.has(member) && (on === 'network' || on.includes(member.role)));
    if (free.length === 0) return null;
    return on === 'network' && random.chance(allShare) ? free : [random.pick(free)];
  }

  async function strike(): Promise<void> {
    const name = random.weighted(weightsOf(performance.now() < begunAt + swallowMs));
    const kind: FaultKind = faultKinds[name];
    const targets = targetsOf(kind);
    if (targets === null) return;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    if (kind.on === 'redis') isRedisBusy = true;
    const at = performance.now();
    for (const member of kind.on === 'redis' ? stand.members : targets) hits.push({ member, at });
    for (const member of targets) busy.add(member);
    try {
      await kind.run(targets, tools);
    } finally {
      for (const member of targets) busy.delete(member);
      if (kind.on === 'redis') isRedisBusy = false;
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await delay(pauseMsMin + random.below(pauseMsMax - pauseMsMin), undefined, { signal }).catch(() => {});
      if (signal.aborted) break;
      const fault = strike().catch((error: unknown) => onFinding(`a fault could not be brought about: ${String(error)}`));
      running.add(fault);
      void fault.finally(() => running.delete(fault));
    }
    await Promise.all(running);
  }

  return { counts, ended: run() };
}

function weightsOf(maySwallow: boolean): Readonly<Record<FaultName, number>> {
  return Object.fromEntries(names.map((name) => [name, name === 'swallow' && !maySwallow ? 0 : faultKinds[name].weight])) as Record<FaultName, number>;
}
