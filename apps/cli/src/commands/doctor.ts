/** baton doctor: what is wrong with the deployment, and how to mend it. */
import { type DoctorFixView, type DoctorView, exitCodes, type FindingView } from '@baton/protocol';
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { type Style, styled, tame } from '../terminal.ts';

interface DoctorOptions {
  readonly fix?: boolean;
}

const marks: Readonly<Record<FindingView['severity'], readonly [Style, string]>> = {
  ok: ['green', '✓'],
  warning: ['yellow', '!'],
  problem: ['red', '✗'],
};

export function addDoctor(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'doctor',
    summary: 'Say what is wrong with this deployment, and how to mend it',
    about:
      'Looks at Redis (version, persistence, eviction, memory, replication), the clocks, the orchestrators and their queues.\n' +
      'With --fix it mends what loses nothing: it removes waiting jobs of workflows that have ended, and gives leases, locks and\n' +
      'unregistered definitions that never expire an expiry. Everything else is for you: each finding says what to do.\n\n' +
      'Exit codes: 0 there is no problem (warnings are none), 4 there is one, 3 the API or its Redis is away.',
    examples: ['baton doctor', 'baton doctor --fix', 'baton doctor --json'],
  }).option('--fix', 'mend what is safe to mend, and look again');
  runs(command, doctor);
}

const doctor: Action<DoctorOptions> = async ({ client, terminal, json, printJson }, { fix = false }) => {
  const view: DoctorView & Partial<DoctorFixView> = fix ? await client.doctorFix() : await client.doctor();
  if (json) printJson(view);
  else {
    const lines = [...(view.fixed ?? []).map(({ message }) => styled('bold', `fixed: ${tame(message)}`)), ...view.findings.flatMap(findingLines)];
    terminal.out(`${lines.join('\n')}\n`);
  }
  return view.healthy ? exitCodes.ok : exitCodes.unwell;
};

function findingLines({ code, severity, message, mend }: FindingView): readonly string[] {
  const [style, mark] = marks[severity];
  const line = `${styled(style, mark)} ${styled('dim', code.padEnd(27))} ${tame(message)}`;
  return mend === null ? [line] : [line, `  → ${tame(mend)}`];
}
