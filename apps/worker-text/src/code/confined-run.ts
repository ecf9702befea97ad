/** A program of ours over a draft of anybody's: a child process with nothing in its environment, bounded in time, memory and output. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface ConfinedRun {
  readonly stdout: string;
  readonly stderr: string;
  /** null: it took too long or said too much, and was ended. */
  readonly code: number | null;
}

export interface ConfinedRunOptions {
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const outputLengthMax = 1_048_576;

/** Runs Node with these arguments. @throws the signal's reason when it is aborted */
export async function runConfined(args: readonly string[], { cwd, timeoutMs, signal }: ConfinedRunOptions): Promise<ConfinedRun> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, args, { cwd, env: {}, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = (): void => void child.kill('SIGKILL');
  const timer = setTimeout(end, timeoutMs);
  signal.addEventListener('abort', end, { once: true });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      if (output[name].length > outputLengthMax) end();
    });
  }
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    signal.throwIfAborted();
    return { ...output, code };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}
