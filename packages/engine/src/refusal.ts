/** Why a workflow may not start now: which limit, its value, the mend, and when to come again. */
import type { Load } from '@baton/core';

/** What a start would have to wait for. */
export interface WaitsFor {
  readonly limit: 'type' | 'capability' | 'memory';
  /** Which type or capability; empty for memory. */
  readonly of: string;
}

export interface Refusal extends WaitsFor {
  readonly message: string;
  readonly retryAfterMs: number;
}

/** @param isSet for the type itself, not for all */
export function typeRefusal(type: string, max: number, isSet: boolean): Refusal {
  const mend = isSet ? `baton type limit ${type} <count>` : `baton type limit ${type} <count> for this type, BATON_MAX_ACTIVE for all`;
  return {
    limit: 'type',
    of: type,
    message: `${max} workflows of ${type} may be active at the same time, and so many are: wait until one ends, or raise the limit (${mend}).`,
    retryAfterMs: 1_000,
  };
}

export function queueRefusal(capability: string, queued: number, max: number): Refusal {
  return {
    limit: 'capability',
    of: capability,
    message: `${queued} subtasks wait for ${capability}, and ${max} may (BATON_MAX_QUEUE_DEPTH): wait until its agents have caught up, or start more of them.`,
    retryAfterMs: 2_000,
  };
}

/** @param share of memory that starts may fill */
export function memoryRefusal({ usedBytes, bytesMax }: NonNullable<Load['memory']>, share: number): Refusal {
  const text = `${mebibytes(usedBytes)} of ${mebibytes(bytesMax)} MiB`;
  return {
    limit: 'memory',
    of: '',
    message: `Redis uses ${text}, and what is left is kept for workflows that are active (up to ${share * 100} % in all): wait until some end, give Redis more memory, or shorten retention_ms of the types that keep the most.`,
    retryAfterMs: 5_000,
  };
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
