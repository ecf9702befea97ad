/** Apps of which ./dev is the only user, each a process of its own: the benchmark and the soak measure processes and must not be one that has others beside it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { appMain } from './checkout.ts';

const leash = pathToFileURL(join(import.meta.dirname, 'leash.ts')).href;

/** @returns what runs it, and gives its exit code */
export function privateApp(app: 'bench' | 'faults', main = 'main'): (args: readonly string[], signal: AbortSignal) => Promise<number> {
  return async (args, signal) => {
    // Detached: a Ctrl-C reaches it through us only, once, and then it ends its processes in order.
    const child = spawn(process.execPath, ['--import', leash, join(dirname(appMain(app)), `${main}.ts`), ...args], {
      stdio: ['pipe', 'inherit', 'inherit'],
      detached: true,
    });
    const stop = (): boolean => child.kill('SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    await once(child, 'close');
    signal.removeEventListener('abort', stop);
    return child.exitCode ?? 1;
  };
}
