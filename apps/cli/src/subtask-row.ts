/** One subtask as a row: symbol and name, agent, attempt, time, and what it does right now. */
import type { SubtaskView } from '@baton/protocol';
import { durationText } from './duration.ts';
import { type Cell, cell, head, shortened } from './table.ts';
import type { Style } from './terminal.ts';

const looks: Record<SubtaskView['status'], readonly [symbol: string, style: Style]> = {
  pending: ['○', 'dim'],
  assigned: ['◌', 'cyan'],
  running: ['●', 'cyan'],
  failed: ['↻', 'yellow'],
  retrying: ['↻', 'yellow'],
  waiting: ['◌', 'yellow'],
  completed: ['✓', 'green'],
  failed_permanent: ['✗', 'red'],
  skipped: ['–', 'dim'],
  cancelled: ['–', 'dim'],
};

const [symbolHead, nameHead, agentHead, attemptHead, timeHead, noteHead] = head('', 'subtask', 'agent', 'try', 'time', '') as [
  Cell,
  Cell,
  Cell,
  Cell,
  Cell,
  Cell,
];
export const subtaskHead: readonly Cell[] = [symbolHead, nameHead, agentHead, attemptHead, { ...timeHead, align: 'right' }, noteHead];

/** An agent's id begins with its name, and its end tells its processes apart; the host and the number between them can go. */
const agentWidth = { narrow: 22, wide: 40, wideFrom: 120, end: 6 } as const;

/**
 * @param now ms since the epoch
 * @param columns of the whole row
 */
export function subtaskRow(subtask: SubtaskView, now: number, columns: number): readonly Cell[] {
  const [symbol, style] = looks[subtask.status];
  const isQuiet = style === 'dim';
  return [
    cell(symbol, style),
    cell(subtask.subtask_id, isQuiet ? 'dim' : undefined),
    cell(agentText(subtask.assigned_to ?? '', columns < agentWidth.wideFrom ? agentWidth.narrow : agentWidth.wide), 'dim'),
    cell(subtask.attempts === 0 ? '' : String(subtask.attempts), subtask.attempts > 1 ? 'yellow' : 'dim'),
    { ...cell(subtask.duration_ms === null ? '' : durationText(subtask.duration_ms)), align: 'right' },
    note(subtask, now),
  ];
}

function agentText(id: string, width: number): string {
  return id.length <= width ? id : `${shortened(id, width - agentWidth.end)}${id.slice(-agentWidth.end)}`;
}

function note(subtask: SubtaskView, now: number): Cell {
  const { status, error, progress } = subtask;
  switch (status) {
    case 'pending':
      return cell(subtask.needs.length === 0 ? '' : `after ${subtask.needs.join(', ')}`, 'dim');
    case 'assigned':
      return cell(`waits for an agent with ${subtask.capability}`, 'dim');
    case 'running':
      return progress === null
        ? cell('')
        : cell(`${bar(progress.percent)} ${String(Math.round(progress.percent)).padStart(3)}% ${progress.message ?? ''}`, 'cyan');
    case 'retrying':
      return cell(`again in ${durationText(Date.parse(subtask.retry_at ?? '') - now || 0)}${error === null ? '' : `: ${error.message}`}`, 'yellow');
    case 'failed_permanent':
      return cell(error === null ? '' : `${error.code}: ${error.message}`, 'red');
    case 'completed':
    case 'failed':
    case 'waiting':
    case 'skipped':
    case 'cancelled':
      return cell(status === 'completed' ? '' : status, 'dim');
  }
}

const barWidth = 8;

function bar(percent: number): string {
  const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * barWidth);
  return '█'.repeat(full) + '░'.repeat(barWidth - full);
}
