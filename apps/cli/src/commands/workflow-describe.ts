/** baton workflow describe: one workflow, whole. */
import type { WorkflowView } from '@baton/protocol';
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { timeText } from '../duration.ts';
import { followLive, printEnd } from '../follow.ts';
import { resultLines } from '../result-text.ts';
import { styled, tame } from '../terminal.ts';
import { subtaskLines, titleLine } from '../workflow-text.ts';

export function addWorkflowDescribe(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'describe <id>',
    summary: 'Show a workflow with its subtasks',
    about: 'Exits with 0 however the workflow stands; with --watch as "workflow start --watch" does.',
    examples: ['baton workflow describe wf_8k2m4x', 'baton workflow describe wf_8k2m4x --watch', 'baton workflow describe wf_8k2m4x --parts --json'],
  })
    .option('--watch', 'stay until it ends')
    .option('--parts', 'show what maps, loops and plans consist of');
  runs(command, describe);
}

const describe: Action<{ readonly watch?: boolean; readonly parts?: boolean }> = async (context, { watch, parts = false }, id = '') => {
  if (watch) return await followLive(context, id, { parts });
  const view = await context.client.get(id, { parts });
  if (context.json) context.printJson(view);
  else print(context, view);
  return 0;
};

function print({ terminal }: Parameters<typeof describe>[0], view: WorkflowView): void {
  const now = Date.now();
  const params = resultLines(view.params);
  const context = resultLines(view.context);
  const lines = [
    titleLine(view, now),
    styled('dim', `started ${timeText(view.created_at)} by ${view.caller}${view.ended_at === null ? '' : `, ended ${timeText(view.ended_at)}`}`),
    ...kinLines(view),
    '',
    ...(params.length === 0 ? [] : [...params.map((line) => `  ${line}`), '']),
    ...subtaskLines(view.subtasks, now, terminal.columns),
    ...(context.length === 0 ? [] : ['', styled('dim', '  CONTEXT'), ...context.map((line) => `  ${line}`)]),
    '',
  ];
  terminal.out(`${lines.join('\n')}\n`);
  if (view.ended_at !== null) printEnd({ terminal }, view);
}

/** The workflows that it has to do with. */
function kinLines({ parent, restart_of, conversation_id }: WorkflowView): string[] {
  const words = [
    parent && `the work of ${parent.subtask_id} of ${parent.workflow_id}`,
    restart_of && `restart of ${restart_of}`,
    conversation_id && `of the conversation ${tame(conversation_id)}`,
  ].filter((word) => typeof word === 'string');
  return words.length === 0 ? [] : [styled('dim', words.join(', '))];
}
