/** The benchmark and the soak, of an app of their own, as they measure processes and must not be one that has others beside it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { appMain } from './checkout.ts';

const leash = pathToFileURL(join(import.meta.dirname, 'leash.ts')).href;

export const bench = (args: readonly string[], signal: AbortSignal): Promise<number> => run('main', args, signal);
export const soak = (args: readonly string[], signal: AbortSignal): Promise<number> => run('soak-main', args, signal);

/** @returns its exit code */
async function run(main: string, args: readonly string[], signal: AbortSignal): Promise<number> {
  // Detached: a Ctrl-C reaches it through us only, once, and then it ends its processes in order.
  const child = spawn(process.execPath, ['--import', leash, join(dirname(appMain('bench')), `${main}.ts`), ...args], {
    stdio: ['pipe', 'inherit', 'inherit'],
    detached: true,
  });
  const stop = (): boolean => child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  await once(child, 'close');
  signal.removeEventListener('abort', stop);
  return child.exitCode ?? 1;
}
