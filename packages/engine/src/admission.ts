/**
 * Whether a workflow may start now: so many of its type may be active, so many subtasks may wait for a capability, and Redis keeps room for what is
 * under way. **Invariant:** what is under way is never refused anything: neither its steps nor the workflows that it starts.
 * Not here: counting those of a type exactly, which the commit does; waiting, which is the start queue's.
 */
import { capabilitiesOf, type WorkflowType } from '@baton/core';
import { createOccupancy, memoryShareMax, type OccupancyDeps, type View } from './occupancy.ts';
import { memoryRefusal, queueRefusal, type Refusal, typeRefusal, type WaitsFor } from './refusal.ts';

export interface AdmissionLimits {
  /** Workflows of one type that may be active, where nothing was set for the type; null: as many as there are. */
  readonly activeMax: number | null;
  /** Subtasks that may wait for one capability; null: as many as there are. */
  readonly queuedMax: number | null;
}

export type AdmissionDeps = AdmissionLimits & Omit<OccupancyDeps, 'isQueuedAskedFor'>;

export interface Admission {
  /** Asks for a place. `start` is carried out at once if there is one; it is given the bound that its commit must hold to. */
  readonly admit: <Outcome>(type: WorkflowType, start: (activeMax: number | undefined) => Promise<Outcome | 'full'>) => Promise<Admitted<Outcome>>;
  /** How many of those that wait for this may try again now. Looks, whatever was seen before. */
  readonly room: (waitsFor: WaitsFor) => Promise<number>;
}

export type Admitted<Outcome> = { readonly admitted: true; readonly outcome: Outcome } | { readonly admitted: false; readonly refusal: Refusal };

/** Of those that wait, so many try at a time. */
const roomMax = 200;

export function createAdmission({ activeMax, queuedMax, ...deps }: AdmissionDeps): Admission {
  const occupancy = createOccupancy({ ...deps, isQueuedAskedFor: queuedMax !== null });
  const maxOf = (view: View, type: string): number | undefined => view.typeLimits.get(type) ?? activeMax ?? undefined;

  function refusalOf({ load, places }: View, { definition }: WorkflowType): Refusal | null {
    const { memory, queued } = load;
    if (memory !== null && places === 0) return memoryRefusal(memory, memoryShareMax);
    if (queuedMax === null) return null;
    const full = definition.nodes.flatMap(capabilitiesOf).find((capability) => (queued.get(capability) ?? 0) >= queuedMax);
    return full === undefined ? null : queueRefusal(full, queued.get(full) ?? 0, queuedMax);
  }

  return {
    async admit(type, start) {
      const view = await occupancy.takePlace();
      const refusal = refusalOf(view, type);
      if (refusal !== null) return { admitted: false, refusal };
      const max = maxOf(view, type.name);
      const outcome = await occupancy.starting(() => start(max));
      if (outcome !== 'full') return { admitted: true, outcome };
      return { admitted: false, refusal: typeRefusal(type.name, max ?? 0, view.typeLimits.has(type.name)) };
    },
    async room({ limit, of }) {
      const view = await occupancy.look();
      const places = Math.min(view.places, roomMax);
      if (limit === 'memory') return places;
      const [max, count] = limit === 'type' ? [maxOf(view, of), view.active.get(of)] : [queuedMax ?? undefined, view.load.queued.get(of)];
      return max === undefined ? places : Math.max(0, Math.min(places, max - (count ?? 0)));
    },
  };
}
