/** A local redis-server or valkey-server as a child process, with its data in a temporary directory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import type { RedisFixture } from './redis-fixture.ts';

const readyMs = 20_000;
const pollMs = 20;

/**
 * The server runs below a shell that kills it when its own stdin ends. That happens when we close it, and when we are
 * gone, even by SIGKILL, which no exit hook would see.
 */
const leash = 'exec 3<&0; "$@" & server=$!; (cat <&3 >/dev/null; kill -9 $server 2>/dev/null) & wait $server';

/** Path of the server's program, or null. */
export async function findServer(): Promise<string | null> {
  const dirs = (process.env['PATH'] ?? '').split(delimiter);
  for (const path of ['redis-server', 'valkey-server'].flatMap((name) => dirs.map((dir) => join(dir, name)))) {
    if (await isExecutable(path)) return path;
  }
  return null;
}

/** @param config what stands in its configuration file, which a Sentinel must have; without it there is no file */
export async function startServer(program: string, args: readonly string[], config?: string): Promise<RedisFixture> {
  const dir = await mkdtemp(join(tmpdir(), 'baton-redis-'));
  const port = await freePort();
  const file = join(dir, 'redis.conf');
  if (config !== undefined) await writeFile(file, config);
  const command = [program, ...(config === undefined ? [] : [file]), '--bind', '127.0.0.1', '--port', String(port), '--dir', dir, ...args];
  let child = await run(command, port);

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.stdin?.end();
    await once(child, 'exit');
  }

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    dir,
    kill,
    async stop() {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
    async restart() {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit');
        await ask(port, 'SHUTDOWN');
        await exited;
      }
      child = await run(command, port);
    },
  };
}

async function run(command: readonly string[], port: number): Promise<ChildProcess> {
  const child = spawn('/bin/sh', ['-c', leash, 'redis', ...command], { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output = (output + chunk).slice(-4_000)));

  const until = Date.now() + readyMs;
  while ((await ask(port, 'PING')) !== '+PONG') {
    if (child.exitCode !== null) throw new Error(`${command[0]} ended with code ${child.exitCode} instead of listening on port ${port}:\n${output}`);
    if (Date.now() > until) throw new Error(`${command[0]} did not answer on port ${port} within ${readyMs} ms:\n${output}`);
    await delay(pollMs);
  }
  return child;
}

/** The answer to an inline command, if it comes in one piece; empty where nobody answers. */
export function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(String(answer).trim());
    });
    socket.once('error', () => resolve(''));
    socket.once('close', () => resolve(''));
  });
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
