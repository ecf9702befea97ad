/**
 * What the journal says about guarded effects and handler runs. An effect may happen twice only where the documentation says so: its process died in the
 * moment between having it and keeping it, or lost its job while it was in there, which takes as long as a lock lasts. Two that were both had and kept within
 * the time of a lock are one too many, and so is one of a dispatch that was dispatched again.
 */
import type { JournalEntry } from './journal.ts';

export interface EffectCounts {
  /** Different ones. */
  readonly effects: number;
  /** Beyond the first of each. */
  readonly repeated: number;
  readonly runs: number;
  /** Beyond the first of each dispatch. */
  readonly rerun: number;
}

export interface EffectVerdict {
  readonly counts: EffectCounts;
  readonly findings: readonly string[];
}

export interface EffectOptions {
  readonly journal: readonly JournalEntry[];
  /** Dispatches of guarded work that were completed: each must have had all of its effects. */
  readonly completed: readonly string[];
  /** Keys of `once` that each uses. */
  readonly keys: readonly string[];
  readonly lockMs: number;
}

interface Effect {
  readonly pid: number;
  readonly askedAt: number;
  /** null: never. */
  keptAt: number | null;
}

export function judgeEffects({ journal, completed, keys, lockMs }: EffectOptions): EffectVerdict {
  const effects = effectsIn(journal);
  const runs = Map.groupBy(
    journal.filter(({ what }) => what === 'run'),
    ({ id }) => id,
  );
  const findings = [
    ...[...effects].flatMap(([effect, had]) => repeatedFinding(effect, had, lockMs)),
    ...completed.flatMap((id) => keys.filter((key) => !effects.has(`${id} ${key}`)).map((key) => `${id} completed without its effect "${key}"`)),
    ...generationFindings([...effects.keys()]),
  ];
  const all = [...effects.values()];
  const handlerRuns = [...runs.values()].reduce((sum, each) => sum + each.length, 0);
  return {
    counts: { effects: all.length, repeated: all.reduce((sum, had) => sum + had.length - 1, 0), runs: handlerRuns, rerun: handlerRuns - runs.size },
    findings,
  };
}

/** By dispatch and key. */
function effectsIn(journal: readonly JournalEntry[]): ReadonlyMap<string, readonly Effect[]> {
  const asked = new Map<string, number>();
  const effects = new Map<string, Effect[]>();
  for (const { what, id, key, pid, at } of journal) {
    if (key === undefined) continue;
    const effect = `${id} ${key}`;
    if (what === 'asked') asked.set(`${effect} ${pid}`, at);
    const had = effects.get(effect) ?? [];
    if (what === 'effect') effects.set(effect, [...had, { pid, askedAt: asked.get(`${effect} ${pid}`) ?? at, keptAt: null }]);
    const last = had.findLast((each) => each.pid === pid);
    if (what === 'kept' && last !== undefined) last.keptAt ??= at;
  }
  return effects;
}

function repeatedFinding(effect: string, had: readonly Effect[], lockMs: number): readonly string[] {
  const whole = had.filter(({ askedAt, keptAt }) => keptAt !== null && keptAt - askedAt < lockMs);
  return whole.length <= 1 ? [] : [`the effect ${effect} was had ${had.length} times, with nothing in between that excuses it: ${JSON.stringify(had)}`];
}

/** Nothing of the load's guarded work is repaired, falls back or is asked for again: two generations that both had an effect are one subtask done twice. */
function generationFindings(effects: readonly string[]): readonly string[] {
  const bySubtask = Map.groupBy(effects, (effect) => effect.replace(/~\d+ /, ' '));
  return [...bySubtask.values()].filter((each) => each.length > 1).map((each) => `one subtask had its effect under several dispatches: ${each.join(', ')}`);
}
