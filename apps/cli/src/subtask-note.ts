/** What a subtask does right now, waits for, or came to, in a few words. */
import type { SubtaskView } from '@baton/protocol';
import { clockText, durationText } from './duration.ts';
import { type Cell, cell } from './table.ts';

/** @param now ms since the epoch */
export function noteOf(subtask: SubtaskView, now: number): Cell {
  const { status, error } = subtask;
  switch (status) {
    case 'pending':
      return cell(subtask.needs.length === 0 ? '' : `after ${subtask.needs.join(', ')}`, 'dim');
    case 'assigned':
      return cell(subtask.child_workflow_id ?? `waits for an agent with ${subtask.capability}`, 'dim');
    case 'running':
      return cell(runningText(subtask), 'cyan');
    case 'retrying':
      return cell(`again in ${leftText(subtask.retry_at, now)}: ${error?.message ?? 'its agents are overloaded'}`, 'yellow');
    case 'waiting':
      return cell(waitingText(subtask, now), 'yellow');
    case 'failed_permanent':
      return cell(error === null ? '' : `${subtask.tolerated ? 'optional, ' : ''}${error.code}: ${error.message}`, subtask.tolerated ? 'yellow' : 'red');
    case 'completed':
      return cell(endText(subtask), subtask.degraded ? 'yellow' : 'dim');
    case 'skipped':
      return cell(subtask.skipped_reason === undefined ? 'skipped' : `skipped: ${subtask.skipped_reason}`, 'dim');
    case 'failed':
    case 'cancelled':
      return cell(status, 'dim');
  }
}

function runningText(subtask: SubtaskView): string {
  const { progress } = subtask;
  if (progress !== null) return `${bar(progress.percent)} ${String(Math.round(progress.percent)).padStart(3)}% ${progress.message ?? ''}`;
  const folded = partsText(subtask);
  const { settled, total } = countOf(subtask);
  return subtask.kind === 'map' && total > 0 ? `${bar((settled / total) * 100)} ${folded}` : folded;
}

function endText(subtask: SubtaskView): string {
  const { degraded, dissent = [], tries } = subtask;
  const words = [
    degraded && 'degraded',
    partsText(subtask),
    tries !== undefined && tries.fallback > 0 && `by ${subtask.capability}, a fallback`,
    tries !== undefined && tries.repairs > 0 && `mended ${times(tries.repairs)}`,
    dissent.length > 0 && `without ${dissent.slice(0, 5).join(', ')}${dissent.length > 5 ? ` and ${dissent.length - 5} more` : ''}`,
  ];
  return words.filter((word) => typeof word === 'string' && word !== '').join(', ');
}

/** A composite's parts, folded: `12/100`, `round 2, score 0.7`, `3/5 steps`. */
function partsText(subtask: SubtaskView): string {
  const { kind, round, rounds = [] } = subtask;
  const { settled, total, failed } = countOf(subtask);
  const failures = failed === 0 ? '' : `, ${failed} failed`;
  if (kind === 'map') return subtask.items === undefined ? '' : `${settled}/${subtask.items}${failures}`;
  if (kind === 'plan') return total === 0 ? '' : `${settled}/${total} steps${failures}`;
  if (kind !== 'loop' || round === undefined) return '';
  const score = rounds.at(-1)?.score;
  return `round ${round}${score === undefined || score === null ? '' : `, score ${score}`}`;
}

function countOf({ parts = {} }: SubtaskView): { readonly settled: number; readonly total: number; readonly failed: number } {
  const { completed = 0, failed_permanent: failed = 0, skipped = 0, cancelled = 0 } = parts;
  const total = Object.values(parts).reduce((sum, count) => sum + count, 0);
  return { settled: completed + failed + skipped + cancelled, total, failed };
}

function waitingText({ waiting_for: what }: SubtaskView, now: number): string {
  if (what === undefined) return '';
  if (what.kind === 'sleep') return `sleeps for ${leftText(what.until, now)}`;
  const until = `until ${clockText(new Date(what.until))}`;
  return what.kind === 'signal' ? `for the signal ${what.signal} ${until}` : `for an approval ${until}`;
}

function leftText(until: string | null, now: number): string {
  return durationText(Date.parse(until ?? '') - now || 0);
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

const barWidth = 8;

function bar(percent: number): string {
  const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * barWidth);
  return '█'.repeat(full) + '░'.repeat(barWidth - full);
}
