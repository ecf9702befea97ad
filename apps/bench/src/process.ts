/**
 * The processes that are measured: each writes its log to a file, as in production, so that nobody pays for reading it along.
 * **Invariant:** none outlives this one, however that ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const readyMs = 30_000;
const pollMs = 25;
const stopMs = 15_000;

/** When the pipe to this process ends, so does the child. */
const leash = "data:text/javascript,process.stdin.once('close', () => process.kill(process.pid, 'SIGKILL')).resume().unref()";

export interface MeasuredProcess {
  readonly role: string;
  readonly pid: number;
  readonly log: string;
  /** The fields of the line that said it is ready. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** SIGTERM, a bounded wait, SIGKILL. */
  stop(): Promise<void>;
}

export interface ProcessPlan {
  readonly role: string;
  readonly main: string;
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The event that says it is ready. */
  readonly event: string;
  readonly logs: string;
}

export class ProcessError extends Error {
  readonly code = 'PROCESS_ENDED';
}

export const root = join(import.meta.dirname, '../../..');
export const appMain = (app: string): string => join(root, 'apps', app, 'src/main.ts');
export const ownMain = (name: string): string => join(import.meta.dirname, `${name}.ts`);

/** @throws {ProcessError} when it ends, or says nothing for too long, before it is ready */
export async function startProcess({ role, main, args = [], env, event, logs }: ProcessPlan): Promise<MeasuredProcess> {
  const log = join(logs, `${role}.log`);
  mkdirSync(dirname(log), { recursive: true });
  const file = openSync(log, 'w');
  const child = spawn(process.execPath, ['--import', leash, main, ...args], { env: environment(env), stdio: ['pipe', file, file] });
  closeSync(file);
  const ended = once(child, 'exit');
  const until = performance.now() + readyMs;
  for (;;) {
    const ready = lineWith(log, event);
    if (ready !== null) return { role, pid: child.pid ?? 0, log, ready, stop: () => stop(child, ended) };
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > until) {
      await stop(child, ended);
      throw new ProcessError(`${role} did not get ready. Its last lines:\n${readFileSync(log, 'utf8').slice(-2_000)}`);
    }
    await delay(pollMs);
  }
}

/** Runs it to its end with what it is to do on its standard input. @returns what it wrote to its standard output */
export async function runToEnd(main: string, input: string, signal: AbortSignal): Promise<string> {
  const child = spawn(process.execPath, [main], { env: environment({}), stdio: ['pipe', 'pipe', 'inherit'], signal });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += String(chunk)));
  // Left open: it is the leash.
  child.stdin.write(`${input}\n`);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new ProcessError(`${main} ended with code ${code}.`);
  return output;
}

/** Ours, but for what would set up the measured processes otherwise than we do. */
function environment(own: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('BATON_'));
  return { ...Object.fromEntries(inherited), BATON_LOG_FORMAT: 'json', ...own };
}

function lineWith(log: string, event: string): Readonly<Record<string, unknown>> | null {
  const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
  const line = lines.find((each) => each.startsWith('{') && each.includes(`"event":"${event}"`));
  return line === undefined ? null : (JSON.parse(line) as Record<string, unknown>);
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
  await ended;
  clearTimeout(timer);
}
