/** `redis+cluster://[user:password@]host[:port],host[:port],…`, with TLS `rediss+cluster://`: some nodes of a Redis Cluster, which tells the others. */

export interface ClusterAddress {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly username?: string;
  readonly password?: string;
  readonly isTls: boolean;
}

export const clusterUrlExample = 'redis+cluster://127.0.0.1:7000,127.0.0.1:7001';

const urlPattern = /^redis(s?)\+cluster:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^@/?#]+)\/?$/;
const nodePattern = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::(\d{1,5}))?$/;
const defaultPort = 6_379;
const portMax = 65_535;

/** Null: it is not the URL of a cluster, or not a right one. */
export function parseClusterUrl(url: string): ClusterAddress | null {
  const [, tls, username, password, list] = urlPattern.exec(url) ?? [];
  if (list === undefined) return null;
  const nodes = list.split(',').flatMap((text) => {
    const [, host, port = String(defaultPort)] = nodePattern.exec(text) ?? [];
    return host === undefined || Number(port) > portMax ? [] : [{ host: host.replace(/^\[|\]$/g, ''), port: Number(port) }];
  });
  if (nodes.length < list.split(',').length) return null;
  try {
    return {
      nodes,
      ...(username !== undefined && username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== undefined && { password: decodeURIComponent(password) }),
      isTls: tls === 's',
    };
  } catch {
    // A % that stands for nothing.
    return null;
  }
}

export function isClusterUrl(url: string): boolean {
  return /^rediss?\+cluster:/.test(url);
}
