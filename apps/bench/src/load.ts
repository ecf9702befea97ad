/** Every case in every repeat: all systems run beside each other, and only one of them has work at a time. */
import { join } from 'node:path';
import { measure, type Windows } from './measure.ts';
import type { Case, Measurement } from './measurement.ts';
import { rotated } from './plan.ts';
import { profileName } from './profile.ts';
import { type System, type SystemName, startSystem } from './system.ts';

export interface Repeated {
  /** From 1. */
  readonly repeat: number;
  readonly measurement: Measurement;
}

export interface LoadOptions extends Windows {
  readonly repeats: number;
  readonly settings: Readonly<Record<string, string>>;
  /** The folder for the CPU profiles of what has load; null: none are made. */
  readonly profiles: string | null;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export async function runLoad(groups: readonly (readonly Case[])[], options: LoadOptions): Promise<readonly Repeated[]> {
  const results: Repeated[] = [];
  for (let repeat = 1; repeat <= options.repeats && groups.length > 0; repeat += 1) results.push(...(await runRepeat(groups, repeat, options)));
  return results;
}

async function runRepeat(groups: readonly (readonly Case[])[], repeat: number, options: LoadOptions): Promise<readonly Repeated[]> {
  const { repeats, settings, profiles, signal, say } = options;
  await using running = new AsyncDisposableStack();
  const systems = new Map<SystemName, System>();
  for (const name of new Set(groups.flat().map(({ system }) => system))) {
    const profileOf = (role: string): string | null => (profiles === null ? null : join(profiles, profileName(name, role, repeat)));
    const system = await startSystem(name, { settings, profileOf });
    running.defer(() => system.stop());
    systems.set(name, system);
  }
  const results: Repeated[] = [];
  for (const wanted of groups.flatMap((group) => rotated(group, repeat - 1))) {
    signal.throwIfAborted();
    const measurement = await measure(systems.get(wanted.system) as System, wanted, options, signal);
    results.push({ repeat, measurement });
    say(`${repeat}/${repeats} ${progressOf(measurement)}`);
  }
  return results;
}

export function progressOf({ case: { workload, inFlight, system, start }, figures, checked }: Measurement): string {
  const what = `${workload} × ${inFlight}`.padEnd(18);
  const who = (system === 'baton' ? `${system} (${start})` : system).padEnd(13);
  return `${what} ${who} ${figures.workflowsPerSecond.toFixed(1).padStart(7)}/s, p50 ${figures.p50Ms.toFixed(1)} ms, ${checked} results checked`;
}
