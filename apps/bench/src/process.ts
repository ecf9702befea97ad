/**
 * The processes that are measured: each writes its log to a file, as in production, so that nobody pays for reading it along.
 * **Invariant:** none outlives this one, however that ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bundleOf } from './bundles.ts';

const readyMs = 30_000;
const pollMs = 25;
const stopMs = 15_000;
/** A profile is written at the very end, and may be big. */
const stopProfiledMs = 60_000;

/** When the pipe to this process ends, so does the child. */
const leash = "data:text/javascript,process.stdin.once('close', () => process.kill(process.pid, 'SIGKILL')).resume().unref()";

export interface MeasuredProcess {
  readonly role: string;
  readonly pid: number;
  readonly log: string;
  /** The fields of the first line of its log with this event; null: there is none. */
  said(event: string): Readonly<Record<string, unknown>> | null;
  /** SIGTERM, a bounded wait, SIGKILL. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

export interface ProcessPlan {
  readonly role: string;
  /** In TypeScript. What runs is its bundle; where a profile is made it is this itself, for a profile tells packages apart by their files. */
  readonly main: string;
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** How it is known to be ready: by the event of a line, or, of one that logs nothing, by what can be seen elsewhere. */
  readonly ready: string | (() => Promise<boolean>);
  readonly logs: string;
  /** The file where it leaves its CPU profile as it ends; null: it makes none. */
  readonly profile: string | null;
}

export class ProcessError extends Error {
  readonly code = 'PROCESS_ENDED';
}

export const root = join(import.meta.dirname, '../../..');
export const appMain = (app: string): string => join(root, 'apps', app, 'src/main.ts');
export const ownMain = (name: string): string => join(import.meta.dirname, `${name}.ts`);

/** @throws {ProcessError} when it ends, or says nothing for too long, before it is ready */
export async function startProcess({ role, main, args = [], env, ready, logs, profile }: ProcessPlan): Promise<MeasuredProcess> {
  const log = join(logs, `${role}.log`);
  mkdirSync(dirname(log), { recursive: true });
  const runs = profile === null ? await bundleOf(main) : main;
  const file = openSync(log, 'w');
  const child = spawn(process.execPath, ['--import', leash, ...profileFlags(profile), runs, ...args], {
    env: environment(env),
    stdio: ['pipe', file, file],
  });
  closeSync(file);
  const ended = once(child, 'exit');
  const end = (signal: NodeJS.Signals): Promise<void> => endProcess(child, ended, signal, profile === null ? stopMs : stopProfiledMs);
  const isReady = typeof ready === 'string' ? async () => lineWith(log, ready) !== null : ready;
  for (const until = performance.now() + readyMs; !(await isReady()); await delay(pollMs)) {
    if (!hasExited(child) && performance.now() < until) continue;
    await end('SIGTERM');
    throw new ProcessError(`${role} did not get ready. Its last lines:\n${readFileSync(log, 'utf8').slice(-2_000)}`);
  }
  return { role, pid: child.pid ?? 0, log, said: (event) => lineWith(log, event), stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

export interface RunningOrder {
  readonly pid: number;
  /** A line more on its standard input. */
  readonly say: (line: string) => void;
  /** What it wrote to its standard output. Rejects with a {@link ProcessError} when it ended otherwise than with 0; it has said why on standard error. */
  readonly output: Promise<string>;
}

/** A process with what it is to do on its standard input. */
export function giveOrder(main: string, input: string, signal: AbortSignal): RunningOrder {
  const child = spawn(process.execPath, [main], { env: environment({}), stdio: ['pipe', 'pipe', 'inherit'], signal });
  // Left open: it is the leash.
  const say = (line: string): void => void child.stdin.write(`${line}\n`);
  const output = async (): Promise<string> => {
    const chunks: string[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(String(chunk)));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new ProcessError(`${main} ended with code ${code}.`);
    return chunks.join('');
  };
  say(input);
  return { pid: child.pid ?? 0, say, output: output() };
}

function profileFlags(profile: string | null): readonly string[] {
  return profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${dirname(profile)}`, `--cpu-prof-name=${basename(profile)}`];
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

function hasExited({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function endProcess(child: ChildProcess, ended: Promise<unknown>, signal: NodeJS.Signals, waitMs: number): Promise<void> {
  if (!hasExited(child)) child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), waitMs);
  await ended;
  clearTimeout(timer);
}
