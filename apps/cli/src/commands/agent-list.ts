/** baton agent list: who is alive, and what they can do. */
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { durationText } from '../duration.ts';
import { cell, head, table } from '../table.ts';

export function addAgentList(parent: Command): void {
  runs(addCommand(parent, { usage: 'list', summary: 'List the agents that are alive', examples: ['baton agent list', 'baton agent list --json'] }), list);
}

const list: Action<object> = async ({ client, terminal, json, printJson }) => {
  const view = await client.agents();
  if (json) printJson(view);
  else if (view.agents.length === 0) terminal.err('No agent is alive. Start the workers: ./dev up\n');
  else {
    const rows = view.agents.map(({ name, capabilities, concurrency, host, pid, heartbeat_at }) => [
      cell(name),
      cell(capabilities.join(', ')),
      { ...cell(String(concurrency), 'dim'), align: 'right' as const },
      cell(`${host}/${pid}`, 'dim'),
      cell(`${durationText(Date.now() - Date.parse(heartbeat_at))} ago`, 'dim'),
    ]);
    terminal.out(`${table([head('agent', 'capabilities', 'jobs', 'host/pid', 'heartbeat'), ...rows], terminal.columns).join('\n')}\n`);
  }
  return 0;
};
