/** The small fields that many views share: times and failures. */
import type { Failure } from '@baton/core';
import type { SubtaskView } from '@baton/protocol';

export function iso(at: number): string {
  return new Date(at).toISOString();
}

export function isoOrNull(at: number | null): string | null {
  return at === null ? null : iso(at);
}

export function failureView({ code, message, details }: Failure): NonNullable<SubtaskView['error']> {
  return { code, message, ...(details !== undefined && { details: details as NonNullable<SubtaskView['error']>['details'] }) };
}
