/**
 * What BATON_REDIS_URL says: one server, the Sentinels that know which server it is, or some nodes of a cluster, which know the others. Not here: connecting.
 * **Invariant:** what is wrong with a URL is told without the URL, which may carry a password.
 */

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface ServerTarget {
  readonly kind: 'server';
  readonly url: string;
}

export interface SentinelTarget {
  readonly kind: 'sentinel';
  readonly sentinels: readonly HostPort[];
  /** As the Sentinels call the server that takes writes. */
  readonly name: string;
  readonly isTls: boolean;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
}

export interface ClusterTarget {
  readonly kind: 'cluster';
  readonly nodes: readonly HostPort[];
  readonly isTls: boolean;
  readonly username?: string;
  readonly password?: string;
}

export type RedisTarget = ServerTarget | SentinelTarget | ClusterTarget;

export type ParsedRedisUrl = { readonly ok: true; readonly value: RedisTarget } | { readonly ok: false; readonly message: string };

const sentinelPortDefault = 26_379;
const redisPortDefault = 6_379;
const examples = 'redis://127.0.0.1:6379, redis+sentinel://10.0.0.1:26379,10.0.0.2:26379/mymaster or redis+cluster://10.0.0.1:6379,10.0.0.2:6379';
const sentinelQuery = ['db', 'sentinel_username', 'sentinel_password'] as const;

export function parseRedisUrl(text: string): ParsedRedisUrl {
  if (/^rediss?\+sentinel:\/\//.test(text)) return parseSentinelUrl(text);
  if (/^rediss?\+cluster:\/\//.test(text)) return parseClusterUrl(text);
  if (/^rediss?:\/\/.+/.test(text) && URL.canParse(text)) return { ok: true, value: { kind: 'server', url: text } };
  return wrong(`must be a URL like ${examples}`);
}

/** `host:port` of it, for logs and messages: never a password. */
export function shownTarget(target: RedisTarget): string {
  switch (target.kind) {
    case 'server': {
      const { hostname, port } = new URL(target.url);
      return `${hostname}:${port === '' ? '6379' : port}`;
    }
    case 'sentinel':
      return `${shownHosts(target.sentinels)}/${target.name}`;
    case 'cluster':
      return shownHosts(target.nodes);
  }
}

function shownHosts(hosts: readonly HostPort[]): string {
  return hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',');
}

/** `redis+sentinel://[user:password@]host:port,host:port/<master name>[?db=…&sentinel_username=…&sentinel_password=…]`; no URL parser takes several hosts. */
function parseSentinelUrl(text: string): ParsedRedisUrl {
  const found = /^(rediss?)\+sentinel:\/\/(?:([^@/?]*)@)?([^@/?]+)(?:\/([^/?]*))?(?:\?(.*))?$/.exec(text);
  if (found === null) return wrong('must be a URL like redis+sentinel://10.0.0.1:26379,10.0.0.2:26379/mymaster');
  const [, scheme, credentials = '', hosts = '', name = '', query = ''] = found;
  if (name === '') return wrong('must name the master that the Sentinels watch, like redis+sentinel://10.0.0.1:26379/mymaster');
  const sentinels = hosts.split(',').map((host) => hostPort(host, sentinelPortDefault));
  if (!sentinels.every((sentinel) => sentinel !== null)) return wrong('must have Sentinels like 10.0.0.1:26379,10.0.0.2:26379 before the name of the master');
  const given = new URLSearchParams(query);
  const unknown = [...given.keys()].filter((key) => !(sentinelQuery as readonly string[]).includes(key));
  if (unknown.length > 0) return wrong(`knows ${sentinelQuery.join(', ')} after the question mark, not ${unknown.join(', ')}`);
  const db = given.get('db') ?? '0';
  if (!/^\d{1,6}$/.test(db)) return wrong('must have a number as its db');
  const [username, password] = credentialsOf(credentials);
  const [sentinelUsername, sentinelPassword] = [given.get('sentinel_username'), given.get('sentinel_password')];
  return {
    ok: true,
    value: {
      kind: 'sentinel',
      sentinels,
      name: decoded(name),
      isTls: scheme === 'rediss',
      db: Number(db),
      ...(username && { username }),
      ...(password && { password }),
      ...(sentinelUsername && { sentinelUsername }),
      ...(sentinelPassword && { sentinelPassword }),
    },
  };
}

/** `redis+cluster://[user:password@]host:port,host:port`: any of the nodes will do, some in case one is away. */
function parseClusterUrl(text: string): ParsedRedisUrl {
  const found = /^(rediss?)\+cluster:\/\/(?:([^@/?]*)@)?([^@/?]+)\/?$/.exec(text);
  if (found === null) return wrong('must be a URL like redis+cluster://10.0.0.1:6379,10.0.0.2:6379, without a database: a cluster has one');
  const [, scheme, credentials = '', hosts = ''] = found;
  const nodes = hosts.split(',').map((host) => hostPort(host, redisPortDefault));
  if (!nodes.every((node) => node !== null)) return wrong('must have nodes like 10.0.0.1:6379,10.0.0.2:6379');
  const [username, password] = credentialsOf(credentials);
  return { ok: true, value: { kind: 'cluster', nodes, isTls: scheme === 'rediss', ...(username && { username }), ...(password && { password }) } };
}

function hostPort(text: string, portDefault: number): HostPort | null {
  const found = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/.exec(text);
  if (found === null) return null;
  const [, host = '', port] = found;
  const number = port === undefined ? portDefault : Number(port);
  return number < 1 || number > 65_535 ? null : { host: host.replace(/^\[(.*)\]$/, '$1'), port: number };
}

/** `user:password`; a user alone has no password. */
function credentialsOf(text: string): readonly [string, string] {
  const colon = text.indexOf(':');
  return colon < 0 ? [decoded(text), ''] : [decoded(text.slice(0, colon)), decoded(text.slice(colon + 1))];
}

/** As it is where it is not percent-encoded text: a password may have a percent sign in it. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function wrong(message: string): ParsedRedisUrl {
  return { ok: false, message };
}
