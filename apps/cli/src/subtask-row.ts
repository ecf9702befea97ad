/** One subtask as a row: symbol and name, agent, attempt, time, and what it does right now. */
import type { SubtaskView } from '@baton/protocol';
import { durationText } from './duration.ts';
import { noteOf } from './subtask-note.ts';
import { type Cell, cell, head, shortened } from './table.ts';
import type { Style } from './terminal.ts';

const looks: Record<SubtaskView['status'], readonly [symbol: string, style: Style]> = {
  pending: ['○', 'dim'],
  assigned: ['◌', 'cyan'],
  running: ['●', 'cyan'],
  failed: ['↻', 'yellow'],
  retrying: ['↻', 'yellow'],
  waiting: ['◇', 'yellow'],
  completed: ['✓', 'green'],
  failed_permanent: ['✗', 'red'],
  skipped: ['↷', 'dim'],
  cancelled: ['⊘', 'dim'],
};

/** It failed, and the workflow went on without it. */
const tolerated: readonly [symbol: string, style: Style] = ['✗', 'yellow'];

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
  const [symbol, style] = subtask.tolerated ? tolerated : looks[subtask.status];
  const isQuiet = style === 'dim';
  return [
    cell(symbol, style),
    nameCell(subtask, isQuiet ? 'dim' : undefined),
    cell(agentText(subtask.assigned_to ?? '', columns < agentWidth.wideFrom ? agentWidth.narrow : agentWidth.wide), 'dim'),
    cell(subtask.attempts === 0 ? '' : String(subtask.attempts), subtask.attempts > 1 ? 'yellow' : 'dim'),
    { ...cell(subtask.duration_ms === null ? '' : durationText(subtask.duration_ms)), align: 'right' },
    noteOf(subtask, now),
  ];
}

function agentText(id: string, width: number): string {
  return id.length <= width ? id : `${shortened(id, width - agentWidth.end)}${id.slice(-agentWidth.end)}`;
}

/** A part stands below what it is a part of. */
function nameCell({ subtask_id, part_of }: SubtaskView, style: Style | undefined): Cell {
  const name = cell(subtask_id, style);
  const depth = part_of === undefined ? 0 : [...subtask_id.matchAll(/[[/]/g)].length;
  return { ...name, text: `${'  '.repeat(depth)}${name.text}` };
}
