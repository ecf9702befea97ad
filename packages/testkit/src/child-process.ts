/** A real process for tests that kill: a Node program which logs JSON lines, watched from outside, and gone when the test's process is. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface TestProcess {
  readonly pid: number;
  /** The fields of the first line with this event; waits for it. Rejects, with what the process said, if it ends without. */
  saw(event: string): Promise<Readonly<Record<string, unknown>>>;
  /** Everything it said so far. */
  output(): string;
  /** Sends the signal and waits for the end. @returns the exit code, or null if a signal ended it */
  end(signal: NodeJS.Signals): Promise<number | null>;
  readonly ended: Promise<number | null>;
}

/** Loaded before the program: when the pipe from the test ends, so does the child, however the test's process ended; Vitest may kill it. */
const leash = "data:text/javascript,process.stdin.once('close', () => process.kill(process.pid, 'SIGKILL')).resume().unref()";

export function startProcess(main: string, env: Readonly<Record<string, string>>, args: readonly string[] = []): TestProcess {
  const child = spawn(process.execPath, ['--import', leash, main, ...args], {
    env: { ...process.env, BATON_LOG_FORMAT: 'json', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  let isOver = false;
  const wake = (): void => {
    for (const watcher of watchers) watcher();
  };
  const take = (line: string): void => {
    lines.push(line);
    wake();
  };
  createInterface({ input: child.stdout }).on('line', take);
  createInterface({ input: child.stderr }).on('line', take);
  const ended = once(child, 'close').then(([code]) => {
    isOver = true;
    wake();
    return code as number | null;
  });
  const output = (): string => lines.join('\n');

  return {
    pid: child.pid ?? 0,
    output,
    ended,
    async end(signal) {
      child.kill(signal);
      return await ended;
    },
    saw: (event) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.map(fieldsOf).find((fields) => fields['event'] === event);
          if (found === undefined && !isOver) return;
          watchers.delete(look);
          if (found === undefined) reject(new Error(`${main} ended without "${event}":\n${output()}`));
          else resolve(found);
        };
        watchers.add(look);
        look();
      }),
  };
}

function fieldsOf(line: string): Readonly<Record<string, unknown>> {
  if (!line.startsWith('{')) return {};
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return {};
  }
}
