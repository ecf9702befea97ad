/**
 * The connection to Redis: it fails clearly at the start, and never gives up afterwards. Commands sent while Redis is away wait for it.
 * Not here: making the client (`redis-client.ts`).
 */
import { exitCodes, shownTarget } from '@baton/protocol';
import type { Redis as Server } from 'ioredis';
import { observeOutages } from './outage.ts';
import type { Redis } from './redis.ts';
import { redisClient, redisTarget, serverEndpoint, serversOf } from './redis-client.ts';
import { isOldServer, mayEvict, readServerInfo, versionMin } from './server-info.ts';
import { writeOncePerTurn } from './turn-writes.ts';

export type { Redis } from './redis.ts';

/** What happens to a connection after it was made. The endpoint is `host:port`, never with a password. */
export type ConnectionEvent =
  | { readonly event: 'redis_lost'; readonly endpoint: string; readonly error: string }
  | { readonly event: 'redis_restored'; readonly endpoint: string }
  | { readonly event: 'redis_unchecked'; readonly endpoint: string; readonly error: string }
  /** At each start on a Redis that may evict keys, where that was accepted. */
  | { readonly event: 'redis_may_evict'; readonly endpoint: string; readonly error: string };

export interface ConnectOptions {
  /** Shown by CLIENT LIST. */
  readonly name: string;
  /** How long to wait for the first answer; a Redis that is just starting is waited for. */
  readonly maxWaitMs?: number;
  /** What to do with a Redis that may evict keys; without it, refuse. */
  readonly evicting?: 'refuse' | 'accept';
  readonly observe?: (event: ConnectionEvent) => void;
}

/** Redis does not answer, or not to us. */
export class RedisUnavailableError extends Error {
  readonly code = 'REDIS_UNREACHABLE';
  readonly exitCode = exitCodes.unreachable;
}

/** Redis answers, but work would be lost in it. */
export class RedisUnsuitableError extends Error {
  readonly code = 'REDIS_UNSUITABLE';
  readonly exitCode = exitCodes.badInput;
}

const defaultWaitMs = 5_000;

/**
 * @param url as BATON_REDIS_URL: `redis://…`, `rediss://…`, `redis+sentinel://…`, `redis+cluster://…`, each with TLS as `rediss`
 * @throws {RedisUrlError} when it is none of these
 * @throws {RedisUnavailableError} when it does not answer a PING within `maxWaitMs`
 * @throws {RedisUnsuitableError} when it is too old, or may evict keys and that was not accepted
 */
export async function connectRedis(url: string, options: ConnectOptions): Promise<Redis> {
  const { name, maxWaitMs = defaultWaitMs, evicting = 'refuse', observe = () => {} } = options;
  const target = redisTarget(url);
  const endpoint = shownTarget(target);
  const redis = redisClient(target, { name, connectTimeoutMs: maxWaitMs });
  writeOncePerTurn(redis);
  try {
    await firstAnswer(redis, endpoint, maxWaitMs);
    const servers = serversOf(redis);
    await Promise.all(servers.map((server) => checkSuitable(server, servers.length === 1 ? endpoint : serverEndpoint(server), { evicting, observe })));
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  observeOutages(redis, endpoint, observe);
  return redis;
}

async function firstAnswer(redis: Redis, endpoint: string, maxWaitMs: number): Promise<void> {
  let lastError: Error | undefined;
  let timer: NodeJS.Timeout | undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    redis.on('error', (error: Error & { readonly lastNodeError?: Error }) => {
      // A cluster says only that no node was of use, and keeps the reason behind it.
      lastError = error.lastNodeError ?? error;
      if (/^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH)/.test(lastError.message)) reject(unavailable(endpoint, 'refused us', lastError));
    });
    timer = setTimeout(() => reject(unavailable(endpoint, `did not answer within ${maxWaitMs} ms`, lastError)), maxWaitMs);
  });
  const ping = redis.ping();
  // Its rejection by our own disconnect() has been told by then.
  ping.catch(() => {});
  try {
    await Promise.race([ping, failed]);
  } catch (error) {
    throw error instanceof RedisUnavailableError ? error : unavailable(endpoint, 'refused us', error as Error);
  } finally {
    clearTimeout(timer);
    redis.removeAllListeners('error');
  }
}

function unavailable(endpoint: string, what: string, cause: Error | undefined): RedisUnavailableError {
  const why = cause === undefined ? '' : ` (${cause.message || ((cause as NodeJS.ErrnoException).code ?? cause.name)})`;
  return new RedisUnavailableError(`Redis at ${endpoint} ${what}${why}: start Redis, or set BATON_REDIS_URL to one that runs.`, { cause });
}

async function checkSuitable(server: Server, endpoint: string, { evicting, observe }: Required<Pick<ConnectOptions, 'evicting' | 'observe'>>): Promise<void> {
  const info = await readServerInfo(server).catch((error) => Promise.reject(unavailable(endpoint, 'did not tell about itself', error as Error)));
  const [isOld, evicts] = [isOldServer(info), mayEvict(info)];
  if (isOld === true) throw new RedisUnsuitableError(`Redis at ${endpoint} is version ${info.get('redis_version')}: Baton needs ${versionMin} or newer.`);
  if (isOld === null || evicts === null) {
    observe({ event: 'redis_unchecked', endpoint, error: `It does not tell its version or its maxmemory-policy: see to ${versionMin} and noeviction.` });
  }
  if (evicts !== true) return;
  const danger = `Redis at ${endpoint} may evict keys (maxmemory-policy ${info.get('maxmemory_policy')}), which loses workflows: set maxmemory-policy to noeviction in its redis.conf`;
  if (evicting === 'refuse') throw new RedisUnsuitableError(`${danger}, or BATON_EVICTING_REDIS=accept to start all the same.`);
  observe({ event: 'redis_may_evict', endpoint, error: `${danger}.` });
}
