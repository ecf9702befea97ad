/**
 * Whether a workflow may start now: so many of its type may be active, so many subtasks may wait for a capability, and Redis keeps room for what is
 * under way. Looked at once a second at most, and sooner only where so many were let in that what was seen may not hold any more.
 * **Invariant:** what is under way is never refused anything: neither its steps nor the workflows that it starts.
 * Not here: counting those of a type exactly, which the commit does; waiting, which is the start queue's.
 */
import { capabilitiesOf, type Load, type LoadReader, type WorkflowStore, type WorkflowType } from '@baton/core';

/** What a start would have to wait for. */
export interface WaitsFor {
  readonly limit: 'type' | 'capability' | 'memory';
  /** Which type or capability; empty for memory. */
  readonly of: string;
}

export interface Refusal extends WaitsFor {
  /** Names the limit, its value, and the mend. */
  readonly message: string;
  readonly retryAfterMs: number;
}

export interface AdmissionLimits {
  /** Workflows of one type that may be active, where nothing was set for the type; null: as many as there are. */
  readonly activeMax: number | null;
  /** Subtasks that may wait for one capability; null: as many as there are. */
  readonly queuedMax: number | null;
}

export interface AdmissionDeps extends AdmissionLimits {
  readonly store: Pick<WorkflowStore, 'typeLimits' | 'activeCounts'>;
  readonly load: LoadReader;
  /** ms that only ever grow. */
  readonly now: () => number;
}

export interface Admission {
  /** Asks for a place. `start` is carried out at once if there is one; it is given the bound that its commit must hold to. */
  admit<Outcome>(type: WorkflowType, start: (activeMax: number | undefined) => Promise<Outcome | 'full'>): Promise<Admitted<Outcome>>;
  /** How many of those that wait for this may try again now. Looks, whatever was seen before. */
  room(waitsFor: WaitsFor): Promise<number>;
}

export type Admitted<Outcome> = { readonly admitted: true; readonly outcome: Outcome } | { readonly admitted: false; readonly refusal: Refusal };

interface View {
  readonly at: number;
  readonly load: Load;
  readonly active: ReadonlyMap<string, number>;
  readonly typeLimits: ReadonlyMap<string, number>;
  /** Starts that have room in memory, as far as one process may count on it; infinite where nobody knows. */
  readonly places: number;
  taken: number;
}

const lookEveryMs = 1_000;
/** Beyond this share of Redis' memory nothing new starts. */
const memoryShareMax = 0.9;
/** What a workflow may come to take until it ends, beside what it takes now. For what brings more, the limit of its type is there. */
const growthBytes = 8 * 1024;
/** Other processes start workflows too, and see the same room: each takes a tenth of it at a time. */
const shareOfRoom = 0.1;
const retryAfterMs = { type: 1_000, capability: 2_000, memory: 5_000 } as const satisfies Record<WaitsFor['limit'], number>;
/** Of those that wait, so many try at a time. */
const roomMax = 200;

export function createAdmission({ store, load, activeMax, queuedMax, now }: AdmissionDeps): Admission {
  let seen: View | undefined;
  let looking: Promise<View> | undefined;
  /** Were let in, and may not be counted by a look yet. */
  let starting = 0;

  async function look(): Promise<View> {
    const startingBefore = starting;
    const [facts, active, typeLimits] = await Promise.all([load.read(queuedMax !== null), store.activeCounts(), store.typeLimits()]);
    seen = { at: now(), load: facts, active, typeLimits, places: placesIn(facts.memory, sum(active) + startingBefore), taken: 0 };
    return seen;
  }

  /** One look for all who want one. */
  async function freshView(): Promise<View> {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return await looking;
  }

  /** Takes a place of what was seen. Where there is none at all, another look waits for its time. */
  async function takePlace(): Promise<View> {
    const isGood = ({ at, places, taken }: View): boolean => now() - at < lookEveryMs && (places === 0 || taken < places);
    let view = seen ?? (await freshView());
    while (!isGood(view)) view = await freshView();
    // In the turn in which it was found free: many wait for one look.
    view.taken += 1;
    return view;
  }

  const maxOf = (view: View, type: string): number | undefined => view.typeLimits.get(type) ?? activeMax ?? undefined;

  function refusalOf(view: View, { definition }: WorkflowType): Refusal | null {
    const { memory, queued } = view.load;
    if (memory !== null && view.places === 0) return memoryRefusal(memory);
    if (queuedMax === null) return null;
    const full = definition.nodes.flatMap(capabilitiesOf).find((capability) => (queued.get(capability) ?? 0) >= queuedMax);
    return full === undefined ? null : queueRefusal(full, queued.get(full) ?? 0, queuedMax);
  }

  return {
    async admit(type, start) {
      const view = await takePlace();
      const refusal = refusalOf(view, type);
      if (refusal !== null) return { admitted: false, refusal };
      starting += 1;
      try {
        const max = maxOf(view, type.name);
        const outcome = await start(max);
        return outcome === 'full'
          ? { admitted: false, refusal: typeRefusal(type.name, max ?? 0, view.typeLimits.has(type.name)) }
          : { admitted: true, outcome };
      } finally {
        starting -= 1;
      }
    },
    async room({ limit, of }) {
      const view = await freshView();
      const places = Math.min(view.places, roomMax);
      if (limit === 'memory') return places;
      const [max, count] = limit === 'type' ? [maxOf(view, of), view.active.get(of)] : [queuedMax ?? undefined, view.load.queued.get(of)];
      return max === undefined ? places : Math.max(0, Math.min(places, max - (count ?? 0)));
    },
  };
}

function placesIn(memory: Load['memory'], active: number): number {
  if (memory === null) return Number.POSITIVE_INFINITY;
  const free = memory.bytesMax * memoryShareMax - memory.usedBytes - active * growthBytes;
  const room = Math.floor(free / (2 * growthBytes));
  return room < 1 ? 0 : Math.max(1, Math.floor(room * shareOfRoom));
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

function typeRefusal(type: string, max: number, isSet: boolean): Refusal {
  const mend = isSet ? `baton type limit ${type} <count>` : `baton type limit ${type} <count> for this type, BATON_MAX_ACTIVE for all`;
  return {
    limit: 'type',
    of: type,
    message: `${max} workflows of ${type} may be active at the same time, and so many are: wait until one ends, or raise the limit (${mend}).`,
    retryAfterMs: retryAfterMs.type,
  };
}

function queueRefusal(capability: string, queued: number, max: number): Refusal {
  return {
    limit: 'capability',
    of: capability,
    message: `${queued} subtasks wait for ${capability}, and ${max} may (BATON_MAX_QUEUE_DEPTH): wait until its agents have caught up, or start more of them.`,
    retryAfterMs: retryAfterMs.capability,
  };
}

function memoryRefusal({ usedBytes, bytesMax }: NonNullable<Load['memory']>): Refusal {
  const text = `${mebibytes(usedBytes)} of ${mebibytes(bytesMax)} MiB`;
  return {
    limit: 'memory',
    of: '',
    message: `Redis uses ${text}, and what is left is kept for workflows that are active (up to ${memoryShareMax * 100} % in all): wait until some end, give Redis more memory, or shorten retention_ms of the types that keep the most.`,
    retryAfterMs: retryAfterMs.memory,
  };
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
