/** What a check comes to, in words: one sentence for what and where, one for what to do about it. */
import type { FindingView } from '@baton/protocol';

export type Verdict = Pick<FindingView, 'severity' | 'message' | 'mend'>;

export function fine(message: string): Verdict {
  return { severity: 'ok', message, mend: null };
}

/** It may come to harm. */
export function warning(message: string, mend: string): Verdict {
  return { severity: 'warning', message, mend };
}

/** Work stands still, or can be lost. */
export function problem(message: string, mend: string): Verdict {
  return { severity: 'problem', message, mend };
}

const shownMax = 5;

/** `a, b and 7 more` */
export function listed(words: readonly string[]): string {
  const more = words.length - shownMax;
  return more > 0 ? `${words.slice(0, shownMax).join(', ')} and ${more} more` : words.join(', ');
}

/** `1 reply`, `3 replies` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

export function secondsText(ms: number): string {
  return Math.abs(ms) < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
}
