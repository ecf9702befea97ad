/**
 * What the agents of the suite can do: functions of their input, so that what a workflow comes to is known without running it on anything that can
 * fail. What they do to the world outside is handed in; the model does nothing there.
 */
import { createHash } from 'node:crypto';
import type { Feedback, Json } from '@baton/core';
import { answer, NonRetryableError } from '@baton/worker';
import { z } from 'zod';

export interface Outside {
  /** Has the effect that must happen once, under this key of `once`. */
  readonly effect: (idempotencyKey: string, key: string) => Promise<void>;
  /** `once` is about to be called, and has returned. */
  readonly asked: (idempotencyKey: string, key: string) => void;
  readonly kept: (idempotencyKey: string, key: string) => void;
  readonly work: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Whether an output is to be one that nobody can use. */
  readonly isUnruly: () => boolean;
}

/** What of a handler's context they use. */
export interface Given {
  readonly attempt: number;
  readonly repair: Feedback | null;
  readonly signal: AbortSignal;
  readonly idempotencyKey: string;
  readonly once: <Result>(key: string, effect: () => Promise<Result>) => Promise<Result>;
}

const json: z.ZodType<Json, Json> = z.json();
export const MixInput = z.object({
  values: z.array(json),
  ms: z.int().default(0),
  /** So many attempts fail first. */
  fails: z.int().default(0),
  /** A context path to write the number to. */
  writes: z.string().optional(),
  /** Fails for good. */
  isBroken: z.boolean().default(false),
});
export const PlanInput = z.object({ values: z.array(json), parts: z.int() });
export const ScoreInput = z.object({ draft: json, round: z.int() });

export const Numbered = z.object({ n: z.int(), text: z.string() });
export const Planned = z.object({ nodes: z.array(json) });
export const Scored = z.object({ quality_score: z.number(), of: z.int() });

export function numberOf(values: readonly Json[]): number {
  return createHash('sha256').update(JSON.stringify(values)).digest().readUInt16BE(0);
}

function numbered(values: readonly Json[]): z.output<typeof Numbered> {
  const n = numberOf(values);
  return { n, text: `${values.length} values: ${n}` };
}

export function createHandlers({ effect, asked, kept, work, isUnruly }: Outside) {
  async function mix({ values, ms, fails, writes, isBroken }: z.output<typeof MixInput>, { attempt, signal }: Given) {
    if (isBroken) throw new NonRetryableError('It never works.', { code: 'BROKEN' });
    if (attempt <= fails) throw new Error(`Attempt ${attempt} fails.`);
    await work(ms, signal);
    const output = numbered(values);
    return writes === undefined ? output : answer(output, { contextUpdate: { [writes]: output.n } });
  }

  async function guarded(key: string, { idempotencyKey, once }: Given): Promise<void> {
    asked(idempotencyKey, key);
    await once(key, () => effect(idempotencyKey, key));
    kept(idempotencyKey, key);
  }

  return {
    'work.mix': mix,
    /** Two effects, so that something can fall between them. */
    'work.effect': async ({ values, ms }: z.output<typeof MixInput>, given: Given) => {
      await guarded('first', given);
      await work(ms, given.signal);
      await guarded('second', given);
      return numbered(values);
    },
    /** Does what it is told when it is told what was wrong. */
    'work.fussy': async ({ values }: z.output<typeof MixInput>, { repair }: Given) => ({ ...numbered(values), text: repair === null ? '' : 'mended' }),
    /** Now and then of a bad day. */
    'work.tricky': async (input: z.output<typeof MixInput>, given: Given) =>
      isUnruly() ? ({ n: 'a number', text: null } as unknown as z.output<typeof Numbered>) : await mix(input, given),
    'work.score': async ({ draft, round }: z.output<typeof ScoreInput>) => ({ quality_score: 0.3 * round, of: numberOf([draft]) }),
    'work.plan': async ({ values, parts }: z.output<typeof PlanInput>) => ({
      nodes: Array.from({ length: parts }, (_, index) => ({
        id: `p${index}`,
        kind: 'task',
        capability: index === 1 ? 'work.effect' : 'work.mix',
        params: index === 0 ? { values } : { values: [index, `$steps.p${index - 1}.n`] },
        retry: patient,
        attempt_timeout_ms: attemptTimeoutMs,
      })),
    }),
  };
}

/** So many that no run of faults uses them up: what is looked for is what gets lost, not who gives up first. */
export const patient = { attempts: 30, backoff_ms: 100, backoff_max_ms: 500 } as const;
/** A handler that never answers costs this long. */
export const attemptTimeoutMs = 3_000;
