/** The Redis of a stack: the one that BATON_REDIS_URL names, else one of our own that goes when we go. */
import { join } from 'node:path';
import { state } from './checkout.ts';
import { type App, startApp, wordsOf } from './process.ts';
import { ensureProgram, findProgram, redisServer } from './system-package.ts';

/** An engine may have to get the image first. */
const readyMs = 300_000;

export interface StackRedis {
  readonly url: string;
  /** For people: `a local server`. */
  readonly origin: string;
  /** Resolves with words for it when it is gone; of a Redis that is not ours, nothing is known. */
  readonly broken: Promise<string>;
  stop(): Promise<void>;
}

export class RedisMissingError extends Error {
  readonly code = 'REDIS_MISSING';
  readonly exitCode = 3;
}

interface Wish {
  /** Its data are there again the next time. */
  readonly persistent: boolean;
  readonly say: (line: string) => void;
}

/** @throws {RedisMissingError} saying what to install @throws {AppError} when it does not start */
export async function findRedis(wish: Wish, signal: AbortSignal): Promise<StackRedis> {
  const given = process.env['BATON_REDIS_URL'];
  if (given) return { url: given, origin: 'BATON_REDIS_URL', broken: new Promise(() => undefined), stop: () => Promise.resolve() };
  const app = await start(wish, signal);
  const { url, origin } = app.seen('redis_ready') ?? {};
  return { url: String(url), origin: String(origin), broken: wordsOf(app), stop: () => app.stop() };
}

async function start({ persistent, say }: Wish, signal: AbortSignal): Promise<App> {
  const main = join(import.meta.dirname, 'redis-host.ts');
  const host = { name: 'redis', main, args: persistent ? [join(state, 'redis')] : [], env: {}, ready: 'redis_ready', readyMs };
  try {
    return await startApp(host, signal);
  } catch (error) {
    // With a server on the PATH it has another reason, which the error names.
    if (signal.aborted || findProgram(redisServer.programs) !== null) throw error;
    if (ensureProgram(redisServer, say) !== null) return await startApp(host, signal);
    throw new RedisMissingError('There is no Redis: set BATON_REDIS_URL, start a Docker engine, or install redis-server or valkey-server.', { cause: error });
  }
}
