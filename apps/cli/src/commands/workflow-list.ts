/** baton workflow list: the workflows, newest first. */
import { type WorkflowListView, type WorkflowSummaryView, workflowStatusNames } from '@baton/protocol';
import { type Command, Option } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { durationText, timeText } from '../duration.ts';
import { parseLimit } from '../limit.ts';
import { cell, head, table } from '../table.ts';
import { statusStyles } from '../workflow-text.ts';

interface ListOptions {
  readonly status?: WorkflowSummaryView['status'];
  readonly type?: string;
  readonly limit: number;
  readonly cursor?: string;
}

export function addWorkflowList(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'list',
    summary: 'List workflows, newest first',
    examples: ['baton workflow list', 'baton workflow list --status failed --type sales_dashboard', 'baton workflow list --limit 200 --json'],
  })
    .addOption(new Option('--status <status>', 'only those with this status').choices(workflowStatusNames))
    .option('--type <type>', 'only those of this type')
    .option('--limit <count>', 'how many at most, up to 200', parseLimit, 20)
    .option('--cursor <cursor>', 'where the page before ended');
  runs(command, list);
}

const list: Action<ListOptions> = async (context, { status, type, limit, cursor }) => {
  const page = await context.client.list({ limit, ...(status && { status }), ...(type && { type }), ...(cursor && { cursor }) });
  if (context.json) context.printJson(page);
  else print(context, page);
  return 0;
};

function print({ terminal }: Parameters<typeof list>[0], { workflows, newer = [], next_cursor }: WorkflowListView): void {
  if (workflows.length + newer.length === 0) return terminal.err('There are no such workflows. Start one: baton workflow start <type>\n');
  const rows = workflows.map((workflow) => [
    cell(workflow.workflow_id),
    cell(`${workflow.type}@${workflow.version}`),
    cell(workflow.status, statusStyles[workflow.status]),
    cell(timeText(workflow.created_at), 'dim'),
    { ...cell(durationText(workflow.duration_ms ?? Date.now() - Date.parse(workflow.created_at))), align: 'right' as const },
  ]);
  terminal.out(`${table([head('workflow', 'type', 'status', 'started', 'time'), ...rows], terminal.columns).join('\n')}\n`);
  for (const { workflow_id, created_at } of newer) terminal.err(`${workflow_id}, of ${timeText(created_at)}: only a newer version of Baton can tell more.\n`);
  if (next_cursor !== null) terminal.err(`There are more: repeat with --cursor ${next_cursor}\n`);
}
