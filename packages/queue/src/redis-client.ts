/**
 * The client for what a URL names: the seam between the ways in which Redis can be deployed and everybody else. Whatever it is, the client (and each
 * duplicate of it, which BullMQ makes for its blocking reads) reconnects for ever, only to a server that takes writes, and notices one that is silent.
 */
import { type ClusterTarget, exitCodes, parseRedisUrl, type RedisTarget, type SentinelTarget } from '@baton/protocol';
import { Cluster, type RedisOptions, Redis as Server, type StandaloneConnectionOptions } from 'ioredis';
import { StandaloneConnector } from 'ioredis/built/connectors/index.js';
import type { Redis } from './redis.ts';
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
  endSilenceOf(client, silentMsMax);
  if (client instanceof Cluster) {
    client.duplicate = (nodes, override) => {
      const duplicate = Cluster.prototype.duplicate.call(client, nodes, override) as Cluster;
      endSilenceOf(duplicate, silentMsMaxBlocking);
      return duplicate;
    };
  } else {
    client.duplicate = (override) => {
      const duplicate = Server.prototype.duplicate.call(client, override) as Server;
      endSilenceOf(duplicate, silentMsMaxBlocking);
      return duplicate;
    };
  }
  return client;
}

/** Another connection to the same, for reads that block. */
export function duplicateOf(redis: Redis, use: string, silentMs: number): Redis {
  const duplicate = redis instanceof Cluster ? duplicateCluster(redis, use) : redis.duplicate({ connectionName: nameOf(redis.options.connectionName, use) });
  endSilenceOf(duplicate, silentMs);
  return duplicate;
}

function duplicateCluster(cluster: Cluster, use: string): Cluster {
  const { replyMapping: _, ...own } = cluster.options.redisOptions ?? {};
  return cluster.duplicate([], { redisOptions: { ...own, connectionName: nameOf(own.connectionName, use) } });
}

function nameOf(name: string | undefined, use: string): string {
  return `${name ?? 'baton'}-${use}`;
}

/** Every server that takes writes: the one, or the masters of the cluster. For what must be asked of each, and what has no key. */
export function serversOf(redis: Redis): readonly Server[] {
  return redis instanceof Cluster ? redis.nodes('master') : [redis];
}

/**
 * Who has the slot, as far as is known now; undefined: nobody that we are connected to. The cluster is then asked who has it: else it would be only by
 * a command for the slot, and who refuses work for it sends none.
 */
export function serverOfSlot(redis: Redis, slot: number): Server | undefined {
  if (!(redis instanceof Cluster)) return redis;
  const [endpoint] = redis.slots[slot] ?? [];
  const server = redis.nodes('master').find((node) => serverEndpoint(node) === endpoint);
  // At most one such question is under way.
  if (server === undefined && redis.status === 'ready') redis.refreshSlotsCache();
  return server;
}

/** `host:port` of a server. */
export function serverEndpoint({ options: { host, port } }: Server): string {
  return `${host}:${port}`;
}

/** A connection to a server was lost: behind the next one may be a Redis that has lost its last second. @returns what ends it */
export function onLost(redis: Redis, act: () => void): () => void {
  const event = redis instanceof Cluster ? '-node' : 'close';
  redis.on(event, act);
  return () => redis.off(event, act);
}

/** A connection to a server was lost, or comes anew: Redis may be back with less than it had. */
export function onAnew(redis: Redis, act: () => void): void {
  if (redis instanceof Cluster) redis.on('-node', act);
  else redis.once('ready', () => redis.on('ready', act));
}

function endSilenceOf(redis: Redis, silentMs: number): void {
  if (redis instanceof Cluster) redis.on('+node', (node: Server) => endSilence(node, silentMs));
  else endSilence(redis, silentMs);
}

function openClient(target: RedisTarget, options: ClientOptions): Redis {
  switch (target.kind) {
    case 'server':
      return new Server(target.url, { ...commonOptions(options), Connector: PrimaryConnector });
    case 'sentinel':
      return new Server({ ...commonOptions(options), ...sentinelOptions(target) });
    case 'cluster':
      return openCluster(target, options);
  }
}

/** Each node's connection ends when it breaks; the cluster makes another one, to whoever has the slot by then. */
function openCluster({ nodes, username, password, isTls }: ClusterTarget, options: ClientOptions): Cluster {
  const { retryStrategy: _, ...common } = commonOptions(options);
  return new Cluster([...nodes], {
    redisOptions: { ...common, ...(username !== undefined && { username }), ...(password !== undefined && { password }), ...(isTls && { tls: {} }) },
    clusterRetryStrategy: reconnectDelayMs,
    // A command whose node is away, or whose slot has moved, is sent again, ten times a second, to whoever has the slot by then, until somebody does it.
    maxRedirections: Number.POSITIVE_INFINITY,
    slotsRefreshTimeout: silentMsMax,
    // Certificates are for names.
    ...(isTls && { dnsLookup: (address: string, callback: (error: null, address: string) => void) => callback(null, address) }),
  });
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
