/** baton type describe: what a type takes and what it does. */
import type { WorkflowTypeView } from '@baton/protocol';
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { type Cell, cell, head, table } from '../table.ts';
import { styled, tame } from '../terminal.ts';
import { parseTypeName } from '../workflow-type-name.ts';

export function addTypeDescribe(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'describe <type>',
    summary: 'Show a workflow type: its params and its subtasks',
    examples: ['baton type describe sales_dashboard', 'baton type describe sales_dashboard@1 --json'],
  });
  runs(command, describe);
}

const describe: Action<object> = async ({ client, terminal, json, printJson }, _options, word = '') => {
  const { name, version } = parseTypeName(word);
  const type = await client.type(name, version);
  if (json) printJson(type);
  else terminal.out(`${typeLines(type, terminal.columns).join('\n')}\n`);
  return 0;
};

/** As far as it is read here; the API has checked it. */
interface Readable {
  readonly description?: string;
  readonly input?: { readonly properties?: Record<string, Property>; readonly required?: readonly string[] };
  readonly nodes: readonly { readonly id: string; readonly capability: string; readonly params?: unknown; readonly needs?: readonly string[] }[];
}
interface Property {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
}

function typeLines({ name, version, hash, definition, active, max_active }: WorkflowTypeView, columns: number): string[] {
  const { description, input, nodes } = definition as unknown as Readable;
  const params = Object.entries(input?.properties ?? {}).map(([key, property]) => paramRow(key, property, input?.required ?? []));
  const subtasks = nodes.map(({ id, capability, params: given, needs = [] }) => [cell(id), cell(capability, 'dim'), cell(afterText(needs, given), 'dim')]);
  const indented = (rows: readonly (readonly Cell[])[]): string[] => table(rows, columns - 2).map((line) => `  ${line}`);
  return [
    `${styled('bold', `${name}@${version}`)}  ${styled('dim', hash.slice(0, 12))}`,
    ...(description === undefined ? [] : [tame(description)]),
    ...(max_active === null ? [] : [`At most ${max_active} workflows of it, all versions together, may be active; ${active} are.`]),
    '',
    ...(params.length === 0 ? [] : [...indented([head('param', 'type', ''), ...params]), '']),
    ...indented([head('subtask', 'capability', ''), ...subtasks]),
  ];
}

function paramRow(key: string, { type, description, default: byDefault }: Property, required: readonly string[]): Cell[] {
  const need = byDefault !== undefined ? `default ${JSON.stringify(byDefault)}` : required.includes(key) ? 'required' : 'optional';
  return [cell(key), cell([type ?? 'any'].flat().join(' or '), 'dim'), cell(description === undefined ? need : `${need}; ${description}`, 'dim')];
}

/** What it waits for: named in `needs`, or referred to in its params. */
function afterText(needs: readonly string[], params: unknown): string {
  const referred = [...(JSON.stringify(params) ?? '').matchAll(/"\$steps\.([A-Za-z][\w-]*)/g)].map(([, id]) => id ?? '');
  const all = [...new Set([...needs, ...referred])];
  return all.length === 0 ? '' : `after ${all.join(', ')}`;
}
