/** What a control, a signal or an answer came to, as text. */
import type { ControlView } from '@baton/protocol';
import type { Context } from './command.ts';
import { styled, tame } from './terminal.ts';
import { statusStyles } from './workflow-text.ts';

/** @returns the exit code */
export function printControl({ terminal, json, printJson }: Context, view: ControlView): number {
  if (json) printJson(view);
  else {
    terminal.out(`${view.workflow_id}  ${styled(statusStyles[view.status], view.status)}\n`);
    const note = view.message ?? (view.outcome === 'unchanged' ? 'It was so already.' : undefined);
    if (note !== undefined) terminal.err(`${view.outcome}: ${tame(note)}\n`);
  }
  return 0;
}
