/**
 * Three ways to show a workflow while it runs: a table that is drawn over (terminal), one line per change (pipe, log, NO_COLOR),
 * one JSON object per change (--json).
 */
import type { SubtaskView, WorkflowView } from '@baton/protocol';
import { clockText, durationText } from './duration.ts';
import { noteOf } from './subtask-note.ts';
import { styled, type Terminal, tame } from './terminal.ts';
import { subtaskLines, titleLine } from './workflow-text.ts';

export interface Screen {
  /** @param trouble why the view may be old: nobody answers at the moment */
  show(view: WorkflowView, trouble: string | null): void;
}

/** Lines that the frame has besides the subtasks: title, blanks, head, trouble, the cursor's own. */
const frameLines = 6;

export function liveScreen(terminal: Terminal, now: () => number): Screen {
  let shown: readonly string[] = [];
  return {
    show(view, trouble) {
      const rows = Math.max(3, terminal.rows - frameLines);
      const frame = [titleLine(view, now()), '', ...subtaskLines(view.subtasks, now(), terminal.columns, rows), ''];
      if (trouble !== null) frame.push(styled('yellow', trouble));
      const up = shown.length === 0 ? '' : `\u001b[${shown.length}A\u001b[0J`;
      if (frame.join('\n') !== shown.join('\n')) terminal.out(`${up}${frame.join('\n')}\n`);
      shown = frame;
    },
  };
}

export function lineScreen(terminal: Terminal, now: () => number): Screen {
  return onChange(
    (text) => terminal.out(`${clockText(new Date(now()))}  ${text}\n`),
    (subtask, { subtasks }) => {
      const { subtask_id, status, assigned_to, attempts, progress, error, duration_ms } = subtask;
      const width = Math.max(...subtasks.map((each) => each.subtask_id.length));
      const words = [
        assigned_to,
        attempts > 1 && `attempt ${attempts}`,
        (status === 'completed' || status === 'failed_permanent') && duration_ms !== null && durationText(duration_ms),
        status === 'running' && progress?.message,
        error?.message,
        error === null && progress === null && noteOf(subtask, now()).text,
      ].filter((word) => typeof word === 'string');
      return `${subtask_id.padEnd(width)}  ${status.padEnd(16)}  ${words.map(tame).join('  ')}`.trimEnd();
    },
    ({ workflow_id, status }) => `${workflow_id}  ${status}`,
    (trouble) => trouble,
  );
}

export function jsonScreen(terminal: Terminal): Screen {
  return onChange(
    (text) => terminal.out(`${text}\n`),
    (subtask) => JSON.stringify({ event: 'subtask', subtask }),
    ({ subtasks: _subtasks, result: _result, ...workflow }) => JSON.stringify({ event: 'workflow', workflow }),
    (message) => JSON.stringify({ event: 'trouble', message }),
  );
}

/** Tells each change once. Time passing is none, and neither is a percentage: a log stays readable. */
function onChange(
  write: (text: string) => void,
  subtaskText: (subtask: SubtaskView, view: WorkflowView) => string,
  workflowText: (view: WorkflowView) => string,
  troubleText: (trouble: string) => string,
): Screen {
  const told = new Map<string, string>();
  const tell = (about: string, state: string, text: () => string): void => {
    if (told.get(about) === state) return;
    told.set(about, state);
    write(text());
  };
  return {
    show(view, trouble) {
      if (trouble !== null) return tell('trouble', trouble, () => troubleText(trouble));
      told.delete('trouble');
      // How it ended is told once, by who watches.
      if (view.ended_at === null) tell('workflow', view.status, () => workflowText(view));
      for (const subtask of view.subtasks) {
        const { status, assigned_to, attempts, progress, generation, round } = subtask;
        if (status === 'pending') continue;
        const state = JSON.stringify([status, assigned_to, attempts, generation, round, status === 'running' ? progress?.message : null]);
        tell(`subtask ${subtask.subtask_id}`, state, () => subtaskText(subtask, view));
      }
    },
  };
}
