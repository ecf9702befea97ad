/**
 * The client for what a URL names: the seam between the ways in which Redis can be deployed and everybody else. Whatever it is, the client (and each
 * duplicate of it, which BullMQ makes for its blocking reads) reconnects for ever, only to a server that takes writes, and notices one that is silent.
 */
import { exitCodes, parseRedisUrl, type RedisTarget, type SentinelTarget } from '@baton/protocol';
import { Redis, type RedisOptions, type StandaloneConnectionOptions } from 'ioredis';
import { StandaloneConnector } from 'ioredis/built/connectors/index.js';
import { endSilence } from './silence.ts';

export interface ClientOptions {
  /** Shown by CLIENT LIST. */
  readonly name: string;
  readonly connectTimeoutMs: number;
}

export class RedisUrlError extends Error {
  readonly code = 'BAD_REDIS_URL';
  readonly exitCode = exitCodes.badInput;
}

/** A command that does not block has been answered by then, or the connection is dead: a pulled cable tells nobody. */
export const silentMsMax = 4_000;
/** BullMQ's blocking reads last 10 s at most. */
const silentMsMaxBlocking = 12_000;
const reconnectMsMax = 2_000;

/** @throws {RedisUrlError} */
export function redisTarget(url: string): RedisTarget {
  const parsed = parseRedisUrl(url);
  if (!parsed.ok) throw new RedisUrlError(`The URL of Redis ${parsed.message}.`);
  return parsed.value;
}

/** Connects at once, and goes on trying. */
export function redisClient(target: RedisTarget, options: ClientOptions): Redis {
  const client = openClient(target, options);
  endSilence(client, silentMsMax);
  client.duplicate = (override) => {
    const duplicate = Redis.prototype.duplicate.call(client, override) as Redis;
    endSilence(duplicate, silentMsMaxBlocking);
    return duplicate;
  };
  return client;
}

function openClient(target: RedisTarget, options: ClientOptions): Redis {
  switch (target.kind) {
    case 'server':
      return new Redis(target.url, { ...commonOptions(options), Connector: PrimaryConnector });
    case 'sentinel':
      return new Redis({ ...commonOptions(options), ...sentinelOptions(target) });
  }
}

function commonOptions({ name, connectTimeoutMs }: ClientOptions) {
  return {
    connectionName: name,
    // BullMQ's condition, and ours: a command waits for Redis to come back, however long that takes.
    maxRetriesPerRequest: null,
    connectTimeout: connectTimeoutMs,
    retryStrategy: reconnectDelayMs,
    // Else it may look only 10 s later whether Redis has loaded its data.
    maxLoadingRetryTime: 500,
    // What was the primary is none any more: look for it anew, and send the command once more to what is found then.
    reconnectOnError: (error) => (/^(READONLY|UNBLOCKED)/.test(error.message) ? 2 : false),
  } satisfies RedisOptions;
}

function sentinelOptions(target: SentinelTarget) {
  const { sentinels, name, isTls, db, username, password, sentinelUsername, sentinelPassword } = target;
  return {
    sentinels: [...sentinels],
    name,
    db,
    sentinelRetryStrategy: reconnectDelayMs,
    sentinelCommandTimeout: silentMsMax,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(sentinelUsername !== undefined && { sentinelUsername }),
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(isTls && { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true }),
  } satisfies RedisOptions;
}

/** A replica is no Redis to us: nothing is sent to it, and we look again, with a pause. ioredis asks of itself only where Sentinels are. */
class PrimaryConnector extends StandaloneConnector {
  constructor(options: unknown) {
    super(options as StandaloneConnectionOptions);
  }

  override check({ role }: { readonly role?: string }): boolean {
    if (role !== 'slave') return true;
    this.stream.destroy(new Error('it is a replica, which takes no writes'));
    return false;
  }
}

function reconnectDelayMs(times: number): number {
  return Math.min(50 * 2 ** times, reconnectMsMax) * (0.5 + Math.random() / 2);
}
