/** baton type register: makes definitions known by name and version. */
import type { RegisterTypeView } from '@baton/protocol';
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { readDefinitions } from '../definition-file.ts';

export function addTypeRegister(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'register <file>',
    summary: 'Register the workflow types of a file',
    about:
      'A .json file is one definition. A module (.ts, .js, .mjs) is run, and every workflow that it exports is registered.\n' +
      'A version never changes: the same content again is fine, other content needs another version.',
    examples: ['baton type register report.json', 'baton type register ./src/workflows.ts', 'baton type register report.json --json'],
  });
  runs(command, register);
}

const register: Action<object> = async (context, _options, file = '') => {
  const registered: RegisterTypeView[] = [];
  for (const definition of await readDefinitions(file, 'type register')) {
    const view = await context.client.registerType(definition);
    registered.push(view);
    if (!context.json) context.terminal.out(`${view.created ? 'registered' : 'unchanged '}  ${view.name}@${view.version}  ${view.hash.slice(0, 12)}\n`);
  }
  if (context.json) context.printJson({ types: registered });
  return 0;
};
