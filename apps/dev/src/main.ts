/** The commands of ./dev as one table. What they do is told in usage.txt, which ./dev prints by itself, before any set-up. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes } from '@baton/protocol';
import { baton } from './baton.ts';
import { demo } from './demo.ts';
import { listenForInterrupts } from './interrupt.ts';
import { runScript } from './pnpm-script.ts';
import { privateApp } from './private-app.ts';
import { say } from './say.ts';
import { test, verify } from './test.ts';
import { up } from './up.ts';

type Command = (args: readonly string[], signal: AbortSignal) => Promise<number>;

const commands: Readonly<Record<string, Command>> = {
  demo,
  up,
  test,
  verify,
  format: (args, signal) => runScript('format', args, signal),
  bench: privateApp('bench'),
  soak: privateApp('bench', 'soak-main'),
  'test:faults': privateApp('faults'),
  baton,
};

async function main([name = 'help', ...args]: readonly string[]): Promise<number> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command !== undefined) return await runUntilInterrupt(command, args, command === up);
  const usage = readFileSync(join(import.meta.dirname, '../usage.txt'), 'utf8');
  if (name === 'help') {
    console.log(usage);
    return exitCodes.ok;
  }
  say(`there is no "${name}".\n\n${usage}`);
  return exitCodes.badInput;
}

/** @param isService being told to stop is how it ends well; what else is interrupted has not done what it was to do */
async function runUntilInterrupt(command: Command, args: readonly string[], isService: boolean): Promise<number> {
  const interrupts = listenForInterrupts();
  try {
    const code = await command(args, interrupts.signal);
    return isService ? code : (interrupts.exitCode() ?? code);
  } catch (error) {
    // What an interrupt cut short fails: no news to whoever pressed Ctrl-C.
    return interrupts.exitCode() ?? failed(error as Failure);
  }
}

interface Failure extends Error {
  readonly code?: unknown;
  readonly exitCode?: number;
}

/** An error with an exit code of its own, or for wrong flags, is a message to people; anything else is a bug and shows where. */
function failed({ code, exitCode, message, stack }: Failure): number {
  const isBadFlag = String(code).startsWith('ERR_PARSE_ARGS');
  say(exitCode !== undefined || isBadFlag || code === 'APP_DID_NOT_START' ? message : String(stack));
  return exitCode ?? (isBadFlag ? exitCodes.badInput : exitCodes.failed);
}

process.exitCode = await main(process.argv.slice(2));
