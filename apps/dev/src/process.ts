/**
 * One app as a child process: started and ready, or an error that shows its last lines. **Invariant:** it does not outlive
 * this process (leash.ts), and Ctrl-C reaches it only through `stop`, so that Redis is still there while it shuts down.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { logs, root } from './checkout.ts';

const readyMsDefault = 30_000;
/** Longer than the apps' own grace time (BATON_GRACE_MS, 15 s). */
const stopMs = 20_000;
const tailLines = 15;
const leash = pathToFileURL(join(import.meta.dirname, 'leash.ts')).href;

/** A log line of an app, as it wrote it; `event` and the rest only if it was JSON. */
export interface LogLine {
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface AppOptions {
  /** Names the log file: `worker-sales-1`. */
  readonly name: string;
  /** The file that Node runs. */
  readonly main: string;
  readonly env: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** The event that says it is ready. */
  readonly ready: string;
  /** How long it may take. */
  readonly readyMs?: number;
  readonly onLine?: (app: string, line: LogLine) => void;
}

export interface App {
  readonly name: string;
  readonly pid: number;
  readonly log: string;
  /** The fields of the first line with this event so far. */
  seen(event: string): Readonly<Record<string, unknown>> | undefined;
  /** Resolves when it has ended for whatever reason, with words for it. */
  readonly ended: Promise<string>;
  tail(): string;
  /** SIGTERM, a bounded wait, SIGKILL. */
  stop(): Promise<void>;
}

export class AppError extends Error {
  readonly code = 'APP_DID_NOT_START';
}

/** @throws {AppError} when it ends, or says nothing for too long, before it is ready; by then it is gone */
export async function startApp(options: AppOptions, signal: AbortSignal): Promise<App> {
  const { name, main, args = [], env, ready, readyMs = readyMsDefault } = options;
  mkdirSync(logs, { recursive: true });
  const log = join(logs, `${name}.log`);
  const child = spawn(process.execPath, ['--import', leash, main, ...args], {
    cwd: root,
    env: { ...process.env, BATON_LOG_FORMAT: 'json', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const isReady = Promise.withResolvers<'ready'>();
  const journal = follow(child, createWriteStream(log), (line) => {
    if (line.fields['event'] === ready) isReady.resolve('ready');
    options.onLine?.(name, line);
  });
  const ended = ending(child);
  const app: App = { name, pid: child.pid ?? 0, log, ended, ...journal, stop: () => stop(child, ended) };

  const timeout = AbortSignal.timeout(readyMs);
  const gaveUp = Promise.race([aborted(signal, 'was interrupted'), aborted(timeout, `did not log "${ready}" within ${readyMs / 1000} s`)]);
  const outcome = await Promise.race([isReady.promise, ended, gaveUp]);
  if (outcome === 'ready') return app;
  await app.stop();
  throw new AppError(`${name} ${outcome} before it was ready. Its last lines (all: ${relative(process.cwd(), log)}):\n${app.tail()}`);
}

/** What to say of an app that has ended by itself. */
export async function wordsOf(app: App): Promise<string> {
  return `${app.name} ${await app.ended}. Its last lines (all: ${relative(process.cwd(), app.log)}):\n${app.tail()}`;
}

function follow(child: ChildProcess, file: WriteStream, onLine: (line: LogLine) => void): Pick<App, 'seen' | 'tail'> {
  const first = new Map<unknown, LogLine['fields']>();
  const last: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    if (input === null) continue;
    createInterface({ input }).on('line', (text) => {
      file.write(`${text}\n`);
      last.push(text);
      if (last.length > tailLines) last.shift();
      const fields = parsed(text);
      if (!first.has(fields['event'])) first.set(fields['event'], fields);
      onLine({ text, fields });
    });
  }
  child.once('close', () => file.end());
  return { seen: (event) => first.get(event), tail: () => last.map((line) => `  ${line}`).join('\n') };
}

function parsed(text: string): LogLine['fields'] {
  if (!text.startsWith('{')) return {};
  try {
    return JSON.parse(text) as LogLine['fields'];
  } catch {
    return {}; // Half a line, or a library's own words: shown as it is.
  }
}

async function ending(child: ChildProcess): Promise<string> {
  try {
    await once(child, 'close');
  } catch (error) {
    return `could not be started: ${error instanceof Error ? error.message : String(error)}`;
  }
  return child.signalCode === null ? `ended with code ${child.exitCode}` : `was ended by ${child.signalCode}`;
}

function aborted(signal: AbortSignal, words: string): Promise<string> {
  if (signal.aborted) return Promise.resolve(words);
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(words), { once: true }));
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
  await ended;
  clearTimeout(timer);
}
