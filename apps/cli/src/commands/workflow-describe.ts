/** baton workflow describe: one workflow, whole. */
import type { WorkflowView } from '@baton/protocol';
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { timeText } from '../duration.ts';
import { followLive, printEnd } from '../follow.ts';
import { resultLines } from '../result-text.ts';
import { styled } from '../terminal.ts';
import { subtaskLines, titleLine } from '../workflow-text.ts';

export function addWorkflowDescribe(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'describe <id>',
    summary: 'Show a workflow with its subtasks',
    about: 'Exits with 0 however the workflow stands; with --watch as "workflow start --watch" does.',
    examples: ['baton workflow describe wf_8k2m4x', 'baton workflow describe wf_8k2m4x --watch', 'baton workflow describe wf_8k2m4x --json'],
  }).option('--watch', 'stay until it ends');
  runs(command, describe);
}

const describe: Action<{ readonly watch?: boolean }> = async (context, { watch }, id = '') => {
  if (watch) return await followLive(context, id);
  const view = await context.client.get(id);
  if (context.json) context.printJson(view);
  else print(context, view);
  return 0;
};

function print({ terminal }: Parameters<typeof describe>[0], view: WorkflowView): void {
  const now = Date.now();
  const params = resultLines(view.params);
  const lines = [
    titleLine(view, now),
    styled('dim', `started ${timeText(view.created_at)} by ${view.caller}${view.ended_at === null ? '' : `, ended ${timeText(view.ended_at)}`}`),
    '',
    ...(params.length === 0 ? [] : [...params.map((line) => `  ${line}`), '']),
    ...subtaskLines(view.subtasks, now, terminal.columns),
    '',
  ];
  terminal.out(`${lines.join('\n')}\n`);
  if (view.ended_at !== null) printEnd({ terminal }, view);
}
