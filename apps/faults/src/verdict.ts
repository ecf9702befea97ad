/** What a run comes to when everything has ended: the last look at what is outside of the workflows themselves, and the report. */
import { setTimeout as delay } from 'node:timers/promises';
import { createDeadLetters } from '@baton/queue';
import type { Quiet } from './audit.ts';
import type { Collector } from './collector.ts';
import { judgeEffects } from './effects.ts';
import type { Findings } from './findings.ts';
import { type JournalEntry, readJournal } from './journal.ts';
import type { Report } from './report.ts';
import { type Stand, times } from './stand.ts';

/** Longer than whatever an agent held back. */
const settleMs = 2_000;
/** All that outages, takeovers and looks at what was not confirmed may add up to, and less than the minute after which the engine asks: whatever waits for that was lost. */
const stillMsMax = 45_000;

export interface Ended {
  readonly stand: Stand;
  readonly collector: Collector;
  readonly findings: Findings;
  readonly facts: Pick<Report, 'seed' | 'minutes' | 'trees' | 'logs' | 'faults' | 'started' | 'accepted'>;
}

/** Ends all processes. */
export async function conclude({ stand, collector, findings, facts }: Ended): Promise<Report> {
  await delay(settleMs);
  for (const [name, code] of await stand.end()) if (code !== 0) findings.add(`${name} ended with ${code} on SIGTERM at the end`);
  const journal = readJournal(stand.journal);
  const { completed, quiet, ...collected } = collector.collected();
  const { counts, findings: wrong } = judgeEffects({ journal, completed: completed.get('work.effect') ?? [], keys: ['first', 'second'], lockMs: times.lockMs });
  const unexcused = withoutExcuse(quiet, journal);
  for (const each of [...wrong, ...stillFindings(unexcused)]) findings.add(each);
  const deadLetters = await tellDead(stand, journal, findings);
  return {
    ...facts,
    ...collected,
    ...counts,
    deadLetters,
    longestStallMs: unexcused[0]?.ms ?? 0,
    findings: { count: findings.count, first: findings.first },
  };
}

/** But for those that wait for the minute to be over after which the engine asks about a reply that was lost. */
function withoutExcuse(quiet: readonly Quiet[], journal: readonly JournalEntry[]): readonly Quiet[] {
  const rootOf = (id: string): string => id.split(/[.~]/, 1)[0] as string;
  const robbed = new Set(journal.filter(({ what }) => what === 'swallowed').map(({ id }) => rootOf(id)));
  return quiet.filter(({ workflowId }) => !robbed.has(rootOf(workflowId)));
}

function stillFindings(quiet: readonly Quiet[]): readonly string[] {
  return quiet
    .filter(({ ms }) => ms > stillMsMax)
    .map(({ workflowId, ms, until }) => `${workflowId} stood still for ${Math.round(ms / 1_000)} s, until ${JSON.stringify(until)}`);
}

/** All the garbage that was put there, and nothing else. @returns how many dead letters there are */
async function tellDead({ redis, prefix }: Stand, journal: readonly JournalEntry[], findings: Findings): Promise<number> {
  const [begun, put] = (['garbage', 'dumped'] as const).map((kind) => new Set(journal.filter(({ what }) => what === kind).map(({ id }) => id)));
  const { letters } = await createDeadLetters({ redis, prefix }).list({ limit: 10_000 });
  const found = letters.map(({ raw }) => /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(raw)?.[0] ?? raw);
  for (const id of put ?? []) if (!found.includes(id)) findings.add(`the garbage ${id} was put into a stream and is not among the dead letters`);
  for (const id of found) if (begun?.has(id) !== true) findings.add(`among the dead letters is what nobody meant to be unreadable: ${id}`);
  return letters.length;
}
