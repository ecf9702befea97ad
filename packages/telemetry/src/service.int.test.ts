/** The life of a process, as a real one: when it ends, with which code, and what it says. */
import { fileURLToPath } from 'node:url';
import { startProcess } from '@baton/testkit';
import { expect, test } from 'vitest';

const fixture = fileURLToPath(new URL('./fixture/service.ts', import.meta.url));

const start = (behaviour: string, env: Readonly<Record<string, string>> = {}) => startProcess(fixture, { FIXTURE: behaviour, ...env });

const events = (output: string) => output.split('\n').map((line) => JSON.parse(line).event);

test.each(['SIGTERM', 'SIGINT'] as const)('%s closes it, and it exits 0', async (signal) => {
  const service = start('well');
  await service.saw('fixture_ready');
  expect(await service.end(signal)).toBe(0);
  expect(events(service.output())).toEqual(['fixture_ready', 'fixture_app_stopping', 'closing', 'closed', 'fixture_app_stopped']);
  expect(await service.saw('closing')).toMatchObject({ is_stopping: true });
  expect(await service.saw('fixture_app_stopping')).toMatchObject({ service: 'fixture-app', signal });
});

test('a signal during the start ends it as soon as it has started, with 0', async () => {
  const service = start('slow-start');
  await service.saw('starting');
  expect(await service.end('SIGTERM')).toBe(0);
  expect(events(service.output())).toEqual(['starting', 'fixture_app_stopping', 'fixture_ready', 'closing', 'closed', 'fixture_app_stopped']);
});

test('an end that takes longer than the grace time is not waited for: 1', async () => {
  const service = start('deaf', { BATON_GRACE_MS: '50' });
  await service.saw('fixture_ready');
  expect(await service.end('SIGTERM')).toBe(1);
  expect(events(service.output())).toEqual(['fixture_ready', 'fixture_app_stopping', 'closing', 'fixture_app_stop_timed_out']);
});

test.each(['SIGTERM', 'SIGINT'] as const)('a second %s ends it at once: 1', async (signal) => {
  const service = start('deaf');
  await service.saw('fixture_ready');
  process.kill(service.pid, signal);
  await service.saw('closing');
  expect(await service.end(signal)).toBe(1);
  expect(events(service.output())).toEqual(['fixture_ready', 'fixture_app_stopping', 'closing', 'fixture_app_stop_cut_short']);
});

test('an end that fails: 1', async () => {
  const service = start('bad-end');
  await service.saw('fixture_ready');
  expect(await service.end('SIGTERM')).toBe(1);
  expect(await service.saw('fixture_app_stop_failed')).toMatchObject({ level: 'error', err: { message: 'it would not close' } });
});

test('a bug while it runs: a fatal line, and 1', async () => {
  const service = start('well');
  await service.saw('fixture_ready');
  expect(await service.end('SIGUSR2')).toBe(1);
  expect(await service.saw('fixture_app_failed')).toMatchObject({ level: 'fatal', err: { type: 'TypeError', message: 'it is undefined' } });
});

test('what people can mend is a sentence and a code, and nothing else', async () => {
  const unstartable = start('unstartable');
  expect(await unstartable.ended).toBe(3);
  expect(unstartable.output()).toBe('Redis at 127.0.0.1:9 did not answer: start it.');
  const wrong = start('well', { BATON_LOG_LEVEL: 'loud' });
  expect(await wrong.ended).toBe(2);
  expect(wrong.output()).toBe('BATON_LOG_LEVEL: must be quieter');
});

test('a bug at the start shows its stack with its cause: 1', async () => {
  const service = start('bug-at-start');
  expect(await service.ended).toBe(1);
  expect(service.output()).toMatch(/^TypeError: it is undefined\n {4}at [^]*service\.ts[^]*cause[^]*the cause/);
});
