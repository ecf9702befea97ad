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

const severities = ['ok', 'warning', 'problem'] as const;

/** Of several servers or shards, the worst, and of which it is. */
export function together(all: readonly (readonly [name: string, Verdict])[]): Verdict {
  const rank = ({ severity }: Verdict): number => severities.indexOf(severity);
  const [first, ...others] = all.toSorted(([, one], [, other]) => rank(other) - rank(one)) as [(typeof all)[number], ...typeof all];
  const verdict = first[1];
  if (others.length === 0) return verdict;
  const as = others.filter(([, each]) => rank(each) === rank(verdict));
  if (verdict.severity === 'ok' && as.every(([, { message }]) => message === verdict.message)) return verdict;
  return { ...verdict, message: [first, ...as].map(([name, { message }]) => `${name}: ${message}`).join(' ') };
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
