#!/usr/bin/env node
/** The process `baton`: runs one command; what goes wrong becomes a sentence and an exit code. */
import { exitCodes } from '@baton/protocol';
import { CommanderError } from 'commander';
import { reported } from './failure.ts';
import { createProgram } from './program.ts';

// `baton … | head`: who reads has read enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok);
  throw error;
});

try {
  await createProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has said it already. Help and version that were asked for are fine; everything else is what was typed.
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.badInput;
  } else {
    const { lines, exitCode } = reported(error);
    process.stderr.write(`${lines.join('\n')}\n`);
    process.exitCode = exitCode;
  }
}
