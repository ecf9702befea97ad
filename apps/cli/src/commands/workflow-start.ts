/** baton workflow start: starts a workflow, and stays with it if told to. */
import type { StartWorkflowBody } from '@baton/protocol';
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { readDefinitions } from '../definition-file.ts';
import { InputError } from '../failure.ts';
import { followLive, followQuietly } from '../follow.ts';
import { readParams } from '../params.ts';
import { parseTypeName } from '../workflow-type-name.ts';

interface StartOptions {
  readonly params?: string[];
  readonly paramsFile?: string;
  readonly id?: string;
  readonly version?: string;
  readonly definition?: string;
  readonly watch?: boolean;
  readonly wait?: boolean;
}

export function addWorkflowStart(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'start [type]',
    summary: 'Start a workflow',
    about:
      'The type is a registered one (sales_dashboard, or sales_dashboard@2), or the name of a definition in --definition.\n' +
      'Exits with 0, or with --watch or --wait: 0 when it completed, 1 when it did not. Ctrl-C leaves the workflow running.\n' +
      'With --json: the started workflow; with --wait its result; with --watch one object per line, each with an "event".',
    examples: [
      'baton workflow start sales_dashboard --params source=sales.csv columns.date=Date --watch',
      'baton workflow start sales_dashboard@2 --params-file params.json --id monday-2026-03-02',
      'baton workflow start --definition report.json --wait --json',
    ],
  })
    .option('--params <key=value...>', 'params, like source=sales.csv; dots nest; JSON where it is JSON')
    .option('--params-file <file>', 'params as a JSON object; --params goes over it')
    .option('--id <workflow_id>', 'makes the start idempotent: again with the same id is the same workflow')
    .option('--version <version>', 'of the type: a number, or latest')
    .option('--definition <file>', 'a definition (.json, or a module .ts .js) in place of a registered type')
    .option('--watch', 'show each subtask live, then the result')
    .option('--wait', 'wait for the end in silence, then print the result');
  runs(command, start);
}

const start: Action<StartOptions> = async (context, options, type) => {
  if (options.watch && options.wait) throw new InputError('--watch and --wait are two ways to stay: give one of them.');
  const params = await readParams(options.paramsFile, options.params ?? []);
  const body = { ...(await whatToStart(type, options)), params, ...(options.id !== undefined && { workflow_id: options.id }) };
  const started = await context.client.start(body);
  const { terminal, json } = context;
  if (json && options.watch) terminal.out(`${JSON.stringify({ event: 'started', ...started })}\n`);
  else if (json && !options.wait) context.printJson(started);
  else if (!json && !started.created) terminal.err(`${started.workflow_id} exists already from the same request; nothing new was started.\n`);
  if (options.watch) return await followLive(context, started.workflow_id);
  if (options.wait) return await followQuietly(context, started.workflow_id);
  if (!json) terminal.out(`${started.workflow_id}\n`);
  if (!json && terminal.isLive)
    terminal.err(`Started ${started.type}@${started.version}. To watch it: baton workflow describe ${started.workflow_id} --watch\n`);
  return 0;
};

async function whatToStart(type: string | undefined, { definition, version }: StartOptions): Promise<Partial<StartWorkflowBody>> {
  if (definition !== undefined) return { definition: (await oneDefinition(definition, type)) as NonNullable<StartWorkflowBody['definition']> };
  if (type === undefined)
    throw new InputError('Say what to start: a type, like "baton workflow start sales_dashboard", or --definition <file>. `baton type list` shows the types.');
  const { name, version: parsed } = parseTypeName(type, version);
  return { type: name, ...(parsed !== undefined && { version: parsed }) };
}

async function oneDefinition(file: string, name: string | undefined): Promise<unknown> {
  const definitions = await readDefinitions(file, '--definition');
  const names = definitions.map((definition) => String((definition as { name?: unknown }).name));
  if (name === undefined && definitions.length === 1) return definitions[0];
  if (name === undefined) throw new InputError(`--definition ${file} has ${definitions.length} workflows: say which one (${names.join(', ')}).`);
  const index = names.indexOf(name);
  if (index < 0) throw new InputError(`--definition ${file} has no workflow "${name}"; it has ${names.join(', ')}.`);
  return definitions[index];
}
