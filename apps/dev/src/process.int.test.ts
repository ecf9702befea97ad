import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { type App, AppError, type LogLine, startApp } from './process.ts';

const neverAborted = new AbortController().signal;

function start(fixture: string, options: { readonly signal?: AbortSignal; readonly onLine?: (app: string, line: LogLine) => void } = {}): Promise<App> {
  const { signal = neverAborted, ...rest } = options;
  const name = `fixture-${fixture}`;
  return startApp({ name, main: join(import.meta.dirname, 'fixture/app.ts'), env: { FIXTURE: fixture }, ready: 'fixture_ready', ...rest }, signal);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('an app is ready, is asked to stop, and its log is kept', async () => {
  const events: unknown[] = [];
  const app = await start('good', { onLine: (_, { fields }) => events.push(fields['event']) });
  expect(isAlive(app.pid)).toBe(true);
  expect(app.seen('fixture_ready')).toMatchObject({ pid: app.pid });
  await app.stop();
  expect(await app.ended).toBe('ended with code 0');
  expect(isAlive(app.pid)).toBe(false);
  expect(events).toEqual(['fixture_ready', 'stopped']);
  await vi.waitFor(() => expect(readFileSync(app.log, 'utf8').split('\n')).toHaveLength(3));
});

test('an app that does not start is reported with its last lines', async () => {
  const error = await start('broken').catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(AppError);
  expect(String(error)).toMatch(/fixture-broken ended with code 2 before it was ready.*the port is in use/s);
});

test('an interrupt ends the wait for an app, and the app', async () => {
  const interrupt = new AbortController();
  const starting = start('silent', { signal: interrupt.signal });
  interrupt.abort();
  await expect(starting).rejects.toThrow('was interrupted before it was ready');
});

test('an app does not outlive a ./dev that is killed', async () => {
  const parent = spawn(process.execPath, [join(import.meta.dirname, 'fixture/parent.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(String(line));
  expect(isAlive(pid)).toBe(true);
  parent.kill('SIGKILL');
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 10_000 });
});
