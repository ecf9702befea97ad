/** The fixture itself: it restarts on its data, and it never outlives the process that started it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { dockerAnswers } from './docker-engine.ts';
import { type RedisFixture, randomPrefix, startRedis } from './redis-fixture.ts';

// A container is ended by testcontainers' own reaper.
const isContainer = await dockerAnswers();
let fixture: RedisFixture | undefined;

afterEach(async () => {
  await fixture?.stop();
  fixture = undefined;
});

/** One inline command and its answer; null where nobody listens. */
async function ask(port: number, command: string): Promise<string | null> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.write(`${command}\r\n`);
  const [answer] = (await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => [null])]).catch(() => [null])) as [Buffer | null];
  socket.destroy();
  return answer === null ? null : String(answer).trim();
}

describe('startRedis', () => {
  it('restarts on the same port and data, after a kill and without one', async () => {
    fixture = await startRedis({ isSingle: true, args: ['--appendfsync', 'always'] });
    const { port } = fixture;
    await ask(port, 'SET key kept');
    await fixture.restart();
    expect(await ask(port, 'GET key')).toBe('$4\r\nkept');
    await fixture.kill();
    expect(await ask(port, 'PING')).toBeNull();
    await fixture.restart();
    expect(await ask(port, 'GET key')).toBe('$4\r\nkept');
    await fixture.stop();
    expect(await ask(port, 'PING')).toBeNull();
  });

  it('gives each test a server of its own, with the policy that BullMQ needs', async () => {
    fixture = await startRedis();
    const other = await startRedis();
    expect(other.port).not.toBe(fixture.port);
    await other.stop();
    expect(await ask(fixture.port, 'CONFIG GET maxmemory-policy')).toContain('noeviction');
    expect(await ask(fixture.port, 'CONFIG GET appendonly')).toContain('yes');
  });

  it.skipIf(isContainer)('dies with the process that started it, even if that is killed', async () => {
    const module = new URL('./redis-fixture.ts', import.meta.url).href;
    const script = `import { startRedis } from '${module}'; const { port } = await startRedis(); console.log(port);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [port] = (await once(createInterface(child.stdout), 'line')) as [string];
    expect(await ask(Number(port), 'PING')).toBe('+PONG');
    child.kill('SIGKILL');
    await expect.poll(async () => await ask(Number(port), 'PING')).toBeNull();
  });
});

it('makes up prefixes that are hash tags, each another one', () => {
  expect(randomPrefix()).toMatch(/^\{test-[0-9a-f]{12}\}$/);
  expect(randomPrefix()).not.toBe(randomPrefix());
});
