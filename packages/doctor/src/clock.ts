/** Whether everybody's clock is about that of Redis. Times to live, delays and deadlines are judged by several clocks. Pure. */
import { hostname } from 'node:os';
import type { ClockSkew } from '@baton/queue';
import { fine, listed, problem, secondsText, type Verdict, warning } from './verdict.ts';

/** A heartbeat that was under way for a while looks like a clock that is behind. */
const skewWarningMs = 1_000;
const skewProblemMs = 10_000;

export function judgeClocks(clocks: readonly ClockSkew[]): Verdict {
  const bySkew = clocks.toSorted((one, other) => Math.abs(other.aheadMs) - Math.abs(one.aheadMs));
  const off = bySkew.filter(({ aheadMs }) => Math.abs(aheadMs) >= skewWarningMs);
  const worst = Math.abs(bySkew[0]?.aheadMs ?? 0);
  if (off.length === 0) return fine(`The clocks here and of ${clocks.length - 1} agents are within ${worst} ms of that of Redis.`);
  const message = `Clocks differ from that of Redis: ${listed(off.map(skewText))}.`;
  const mend = 'Keep the clocks of all machines with NTP: work may expire too early, and retries come too late.';
  return worst >= skewProblemMs ? problem(message, mend) : warning(message, mend);
}

function skewText({ agent, aheadMs }: ClockSkew): string {
  return `${agent ?? hostname()} is ${secondsText(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead' : 'behind'}`;
}
