/** The commands of `baton` as one tree. */
import { Command } from 'commander';
import { addAgentList } from './commands/agent-list.ts';
import { addCapabilityLimit } from './commands/capability-limit.ts';
import { addCapabilityList } from './commands/capability-list.ts';
import { addDeadDrop } from './commands/dead-drop.ts';
import { addDeadList } from './commands/dead-list.ts';
import { addDeadReplay } from './commands/dead-replay.ts';
import { addDoctor } from './commands/doctor.ts';
import { addTypeDescribe } from './commands/type-describe.ts';
import { addTypeLimit } from './commands/type-limit.ts';
import { addTypeList } from './commands/type-list.ts';
import { addTypeRegister } from './commands/type-register.ts';
import { addWorkflowAnswers } from './commands/workflow-answer.ts';
import { addWorkflowApprovals } from './commands/workflow-approvals.ts';
import { addWorkflowControls } from './commands/workflow-control.ts';
import { addWorkflowDescribe } from './commands/workflow-describe.ts';
import { addWorkflowList } from './commands/workflow-list.ts';
import { addWorkflowResult } from './commands/workflow-result.ts';
import { addWorkflowSignal } from './commands/workflow-signal.ts';
import { addWorkflowStart } from './commands/workflow-start.ts';
import { addWorkflowWhy } from './commands/workflow-why.ts';

const groups = [
  {
    name: 'workflow',
    summary: 'Start workflows, look at them and control them',
    commands: [
      addWorkflowStart,
      addWorkflowDescribe,
      addWorkflowList,
      addWorkflowResult,
      addWorkflowWhy,
      addWorkflowControls,
      addWorkflowSignal,
      addWorkflowApprovals,
      addWorkflowAnswers,
    ],
    example: 'baton workflow start sales_dashboard --params source=sales.csv --watch',
  },
  {
    name: 'type',
    summary: 'Register workflow types, look at them and limit them',
    commands: [addTypeRegister, addTypeList, addTypeDescribe, addTypeLimit],
    example: 'baton type register report.json',
  },
  { name: 'agent', summary: 'See who does the work', commands: [addAgentList], example: 'baton agent list' },
  {
    name: 'capability',
    summary: 'See how much of what waits, and limit it',
    commands: [addCapabilityList, addCapabilityLimit],
    example: 'baton capability list',
  },
  {
    name: 'dead',
    summary: 'Look at replies that could not be read, send them back or drop them',
    commands: [addDeadList, addDeadReplay, addDeadDrop],
    example: 'baton dead list',
  },
] as const;

/** As in package.json, which is not there any more where the command is one bundled file. */
export const version = '0.1.0';

export function createProgram(): Command {
  const program = new Command('baton')
    .description('Runs agent-to-agent workflows.')
    .version(version, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'help for a command')
    .configureHelp({ showGlobalOptions: false })
    // Before any command is added: they inherit it. `--version` of a command is not that of the program.
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText(
      'after',
      '\nExamples:\n  $ baton type list\n  $ baton workflow start sales_dashboard --params source=sales.csv --watch\n\nExit codes: 0 done, 1 a workflow failed, 2 bad input, 3 the API or its Redis is away, 4 the doctor found a problem, 5 there is no place for a start now.\n',
    );
  for (const { name, summary, commands, example } of groups) {
    const group = program.command(name).summary(summary).description(`${summary}.`).helpCommand(false).addHelpText('after', `\nExamples:\n  $ ${example}\n`);
    for (const add of commands) add(group);
  }
  addDoctor(program);
  return program;
}
