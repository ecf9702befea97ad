/** A workflow as text: its title, its subtasks as far as they fit, and its end. */
import type { SubtaskView, WorkflowResultView, WorkflowSummaryView, WorkflowView } from '@baton/protocol';
import { durationText } from './duration.ts';
import { subtaskHead, subtaskRow } from './subtask-row.ts';
import { shortened, table } from './table.ts';
import { type Style, styled, tame } from './terminal.ts';

export const statusStyles: Record<WorkflowSummaryView['status'], Style> = {
  pending: 'dim',
  running: 'cyan',
  paused: 'yellow',
  waiting: 'yellow',
  completed: 'green',
  failed: 'red',
  cancelled: 'yellow',
  timed_out: 'red',
};

export function titleLine(view: WorkflowSummaryView & Pick<WorkflowView, 'paused'>, now: number): string {
  const time = durationText(view.duration_ms ?? now - Date.parse(view.created_at));
  return `${styled('bold', `${view.type}@${view.version}`)}  ${view.workflow_id}  ${styled(statusStyles[view.status], view.status)}  ${styled('dim', time)}${pausedText(view.paused, now)}`;
}

function pausedText(paused: WorkflowView['paused'], now: number): string {
  return paused === undefined ? '' : styled('dim', `  by ${tame(paused.by)}, ${durationText(now - Date.parse(paused.at))} ago`);
}

/** @param rowsMax how many subtasks to show; the rest is counted */
export function subtaskLines(subtasks: readonly SubtaskView[], now: number, columns: number, rowsMax = Number.POSITIVE_INFINITY): string[] {
  const shown = subtasks.length <= rowsMax ? subtasks : mostTelling(subtasks, Math.max(1, rowsMax - 1));
  const lines = table([subtaskHead, ...shown.map((subtask) => subtaskRow(subtask, now, columns))], columns - 2).map((line) => `  ${line}`);
  if (shown.length === subtasks.length) return lines;
  const isShown = new Set(shown);
  const hidden = subtasks.filter((subtask) => !isShown.has(subtask));
  const counts = Object.entries(Object.groupBy(hidden, ({ status }) => status)).map(([status, all]) => `${all.length} ${status}`);
  return [...lines, styled('dim', shortened(`  … and ${hidden.length} more: ${counts.join(', ')}`, columns))];
}

/** What is not going well first, then what runs, then what waits; in the order of the definition. */
const telling: readonly SubtaskView['status'][] = [
  'failed_permanent',
  'failed',
  'retrying',
  'running',
  'assigned',
  'waiting',
  'completed',
  'pending',
  'skipped',
  'cancelled',
];

function mostTelling(subtasks: readonly SubtaskView[], count: number): readonly SubtaskView[] {
  const order = new Map(subtasks.map((subtask, index) => [subtask, index]));
  const ranked = subtasks.toSorted((a, b) => telling.indexOf(a.status) - telling.indexOf(b.status));
  return ranked.slice(0, count).toSorted((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
}

type Ended = Pick<WorkflowResultView, 'status' | 'error'> & Pick<WorkflowSummaryView, 'partial_failures' | 'degraded'>;

/** How it ended, in one line. */
export function endLine({ status, error, partial_failures = 0, degraded }: Ended, durationMs: number | null): string {
  const time = durationMs === null ? '' : ` ${status === 'completed' ? 'in' : 'after'} ${durationText(durationMs)}`;
  if (status === 'completed') {
    const blemishes = [degraded && 'degraded', partial_failures > 0 && `${partial_failures} partial ${partial_failures === 1 ? 'failure' : 'failures'}`];
    return [`${styled('green', '✓ completed')}${time}`, ...blemishes.filter((word) => typeof word === 'string').map((word) => styled('yellow', word))].join(
      ', ',
    );
  }
  const verdict = status === 'cancelled' ? styled('yellow', '⊘ cancelled') : styled('red', `✗ ${status}`);
  return `${verdict}${time}${error === null ? '' : `: ${tame(error.message)} ${styled('dim', `(${error.code})`)}`}`;
}
