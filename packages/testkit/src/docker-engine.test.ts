/** Asking for a Docker engine never takes long, whatever listens where it should be. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { dockerAnswers } from './docker-engine.ts';

const cleanups: (() => void)[] = [];

afterEach(() => {
  vi.unstubAllEnvs();
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function engine(listener: RequestListener): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  vi.stubEnv('DOCKER_HOST', `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

it('takes an answer to a ping for an engine', async () => {
  await engine((request, response) => response.writeHead(request.url === '/_ping' ? 200 : 404).end('OK'));
  expect(await dockerAnswers()).toBe(true);
});

it('takes anything else for none: an error, silence, nobody, nonsense', async () => {
  await engine((_, response) => response.writeHead(500).end());
  expect(await dockerAnswers()).toBe(false);
  await engine(() => undefined);
  expect(await dockerAnswers()).toBe(false);
  for (const host of ['unix:///nowhere/docker.sock', 'tcp://127.0.0.1:1', 'npipe:////./pipe/docker', 'nonsense']) {
    vi.stubEnv('DOCKER_HOST', host);
    expect(await dockerAnswers()).toBe(false);
  }
});
