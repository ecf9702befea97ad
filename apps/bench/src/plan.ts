/** What is measured, as a list of cases: each is measured once in every repeat, and cases that are compared stand side by side. */
import type { Case } from './measurement.ts';
import type { Options } from './options.ts';
import { rawFirstStep, rawFlow } from './raw-flow.ts';
import { inFlightOf, type Workload, workloadOf } from './workload.ts';

/** In a quick run only chains are measured with more in flight than this, and what has no rival with the first load only. */
const quickInFlightMax = 200;

type Wish = Pick<Options, 'quick' | 'systems' | 'workloads' | 'start' | 'in-flight'>;

/** The cases in groups: those of a group differ in system and start only. */
export function casesOf(wish: Wish): readonly (readonly Case[])[] {
  return wish.workloads.flatMap((name) => {
    const workload = workloadOf(name);
    return workload === null ? [] : loadsOf(wish, workload).map((inFlight) => group(wish, name, inFlight));
  });
}

/** The same list in another order in each repeat, so that no system always has the place after another. */
export function rotated<T>(list: readonly T[], by: number): readonly T[] {
  return list.map((_, index) => list[(index + by) % list.length] as T);
}

function loadsOf(wish: Wish, workload: Workload): readonly number[] {
  const chains = wish['in-flight'].filter((each) => !wish.quick || workload.name === 'chain' || each <= quickInFlightMax);
  const loads = [...new Set(chains.map((each) => inFlightOf(workload, each)))];
  return wish.quick && rawFlow(workload.name, '', '') === null ? loads.slice(0, 1) : loads;
}

function group({ quick, systems, start }: Wish, workload: string, inFlight: number): readonly Case[] {
  const starts = start.filter((each, index) => index === 0 || (workload === 'chain' && (!quick || inFlight === quickInFlightMax) && each === 'http'));
  return systems.flatMap((system): readonly Case[] => {
    switch (system) {
      case 'baton':
        return starts.map((each) => ({ system, start: each, workload, inFlight }));
      case 'raw-flow':
        return rawFlow(workload, '', '') === null ? [] : [{ system, start: 'queue', workload, inFlight }];
      case 'raw-step':
        return rawFirstStep(workload, '', '') === null ? [] : [{ system, start: 'queue', workload, inFlight }];
    }
  });
}
