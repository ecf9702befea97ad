/** The Redis of a stack: the one that BATON_REDIS_URL names, else one of our own that goes when we go. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { dockerAnswers, startRedis } from '@baton/testkit';
import { state } from './checkout.ts';
import { ensureProgram, redisServer } from './system-package.ts';

export interface StackRedis {
  readonly url: string;
  /** For people: `a local server`. */
  readonly origin: string;
  stop(): Promise<void>;
}

export class RedisMissingError extends Error {
  readonly code = 'REDIS_MISSING';
  readonly exitCode = 3;
}

/** @throws {RedisMissingError} saying what to install */
export async function findRedis({ persistent }: { readonly persistent: boolean }, say: (line: string) => void): Promise<StackRedis> {
  const given = process.env['BATON_REDIS_URL'];
  if (given !== undefined && given !== '') return { url: given, origin: 'BATON_REDIS_URL', stop: () => Promise.resolve() };
  const isLocal = !(await dockerAnswers());
  if (isLocal && ensureProgram(redisServer, say) === null) {
    throw new RedisMissingError('There is no Redis: set BATON_REDIS_URL, start a Docker engine, or install redis-server or valkey-server.');
  }
  const keeps = persistent && isLocal;
  const dir = join(state, 'redis');
  if (keeps) mkdirSync(dir, { recursive: true });
  const fixture = await startRedis(keeps ? { args: ['--dir', dir] } : {});
  const origin = isLocal ? 'a local server' : 'a container';
  return { url: fixture.url, origin: keeps ? `${origin}, its data in ${dir}` : origin, stop: () => fixture.stop() };
}
