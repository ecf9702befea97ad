/** What goes wrong with an agent in a test, on purpose. Several of them add up. */
import type { Json } from '@baton/core';

export type Fault =
  | { readonly kind: 'fail'; readonly times: number; readonly code: string }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'garbage'; readonly value: Json }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'crash'; readonly times: number };

/**
 * The first calls throw, each of which is an attempt; without a number: all of them.
 *
 * @example faults: { 'data.fetch': fail(2) }
 */
export function fail(times: number | 'always' = 'always', code = 'INJECTED_FAILURE'): Fault {
  return { kind: 'fail', times: times === 'always' ? Number.POSITIVE_INFINITY : times, code };
}

/** Each call takes so much virtual time; more than the attempt may take is a failed attempt (`ATTEMPT_TIMEOUT`). */
export function slow(ms: number): Fault {
  return { kind: 'slow', ms };
}

/** It answers this instead of what it meant to, so that schemas, rules and repairs have something to do. */
export function garbage(value: Json = 'garbage'): Fault {
  return { kind: 'garbage', value };
}

/** Every reply comes twice. */
export function duplicate(): Fault {
  return { kind: 'duplicate' };
}

/** The agent dies in the middle of its first calls. The job goes to another when its lock has expired; after three times the queue gives it up. */
export function crash(times = 1): Fault {
  return { kind: 'crash', times };
}
