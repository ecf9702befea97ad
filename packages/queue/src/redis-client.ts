/** The client that a URL asks for. What it does while Redis is away is the same for each kind: it waits, and it never gives up. */
import { type ClusterAddress, isClusterUrl, parseClusterUrl } from '@baton/protocol';
import { Cluster, Redis as Server } from 'ioredis';
import type { Redis } from './redis.ts';
import { writeOncePerTurn } from './turn-writes.ts';

export interface ClientOptions {
  /** Shown by CLIENT LIST. */
  readonly connectionName: string;
  /** ms. */
  readonly connectTimeout: number;
}

const reconnectMsMax = 2_000;
/** How long a node of a cluster may take to say who has which slots. */
const slotsRefreshMs = 5_000;

export function openClient(url: string, options: ClientOptions): Redis {
  const redis = isClusterUrl(url) ? openCluster(addressOf(url), options) : openServer(url, options);
  writeOncePerTurn(redis);
  return redis;
}

/** `host:port` of a URL, of each node where it names several; without user and password. */
export function endpointOf(url: string): string {
  if (isClusterUrl(url))
    return addressOf(url)
      .nodes.map(({ host, port }) => `${host}:${port}`)
      .join(',');
  const { hostname, port } = new URL(url);
  return `${hostname}:${port === '' ? '6379' : port}`;
}

/** Every server that takes writes: the one, or the masters of the cluster. For what must be asked of each, and what has no key. */
export function serversOf(redis: Redis): readonly Server[] {
  return redis instanceof Cluster ? redis.nodes('master') : [redis];
}

/** Who has the slot, as far as is known now; undefined: nobody that we are connected to. */
export function serverOfSlot(redis: Redis, slot: number): Server | undefined {
  if (!(redis instanceof Cluster)) return redis;
  const [endpoint] = redis.slots[slot] ?? [];
  return redis.nodes('master').find((server) => serverEndpoint(server) === endpoint);
}

/** `host:port` of a server. */
export function serverEndpoint({ options: { host, port } }: Server): string {
  return `${host}:${port}`;
}

/** Another connection to the same, for commands that block. */
export function duplicateOf(redis: Redis, use: string): Redis {
  if (!(redis instanceof Cluster)) return redis.duplicate({ connectionName: `${redis.options.connectionName ?? 'baton'}-${use}` });
  const { replyMapping: _, ...own } = redis.options.redisOptions ?? {};
  return redis.duplicate([], { redisOptions: { ...own, connectionName: `${own.connectionName ?? 'baton'}-${use}` } });
}

/** A connection to a server was lost, or comes anew: Redis may be back with less than it had. */
export function onAnew(redis: Redis, act: () => void): void {
  if (redis instanceof Cluster) redis.on('-node', act);
  else redis.once('ready', () => redis.on('ready', act));
}

function openServer(url: string, options: ClientOptions): Server {
  return new Server(url, {
    ...options,
    // BullMQ's condition, and ours: a command waits for Redis to come back, however long that takes.
    maxRetriesPerRequest: null,
    retryStrategy: reconnectMs,
    // After a failover the old primary answers READONLY until we connect anew.
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
  });
}

function openCluster({ nodes, username, password, isTls }: ClusterAddress, options: ClientOptions): Cluster {
  return new Cluster([...nodes], {
    redisOptions: {
      ...options,
      maxRetriesPerRequest: null,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(isTls && { tls: {} }),
    },
    clusterRetryStrategy: reconnectMs,
    // A command whose node is away, or whose slot has moved, is sent again, ten times a second, to whoever has the slot by then, until somebody does it.
    maxRedirections: Number.POSITIVE_INFINITY,
    slotsRefreshTimeout: slotsRefreshMs,
    // Certificates are for names.
    ...(isTls && { dnsLookup: (address: string, callback: (error: null, address: string) => void) => callback(null, address) }),
  });
}

function reconnectMs(times: number): number {
  return Math.min(50 * 2 ** times, reconnectMsMax) * (0.5 + Math.random() / 2);
}

function addressOf(url: string): ClusterAddress {
  const address = parseClusterUrl(url);
  if (address === null) throw new TypeError('The URL of a cluster is like redis+cluster://user:password@host:port,host:port.');
  return address;
}
