/** A script of the root package.json, run as `pnpm run` would. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { root } from './checkout.ts';

/** @returns its exit code */
export async function runScript(script: string, args: readonly string[], signal: AbortSignal): Promise<number> {
  const child = spawn('pnpm', ['run', script, ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, DO_NOT_TRACK: '1' } });
  const stop = (): boolean => child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  await once(child, 'close');
  signal.removeEventListener('abort', stop);
  return child.exitCode ?? 1;
}
