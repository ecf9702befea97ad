/** The command line client, run as people run it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appMain } from './checkout.ts';

export interface ClientRun {
  readonly code: number;
  /** What it wrote to its standard output, where that was captured. */
  readonly output: string;
}

/** `capture`: its standard output is for us; otherwise it goes where ours goes. */
export async function runClient(
  args: readonly string[],
  options: { readonly apiUrl?: string; readonly capture?: boolean; readonly signal?: AbortSignal } = {},
): Promise<ClientRun> {
  const { apiUrl, capture = false, signal } = options;
  const child = spawn(process.execPath, [appMain('cli'), ...args], {
    env: { ...process.env, ...(apiUrl !== undefined && { BATON_API_URL: apiUrl }) },
    stdio: ['inherit', capture ? 'pipe' : 'inherit', 'inherit'],
  });
  const stop = (): boolean => child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += String(chunk)));
  await once(child, 'close');
  signal?.removeEventListener('abort', stop);
  return { code: child.exitCode ?? 1, output };
}

/** The same exit code; signals that people send reach it by themselves, as it shares our terminal. */
export async function baton(args: readonly string[]): Promise<number> {
  return (await runClient(args)).code;
}
