/** Outages of Redis as events: each is told once when it begins and once when it is over, however often the client tries in between. */
import { Cluster, type Redis as Server } from 'ioredis';
import type { ConnectionEvent } from './connection.ts';
import type { Redis } from './redis.ts';
import { serverEndpoint, serversOf } from './redis-client.ts';

type Observe = (event: ConnectionEvent) => void;

export function observeOutages(redis: Redis, endpoint: string, observe: Observe): void {
  if (redis instanceof Cluster) return observeNodes(redis, endpoint, observe);
  const outage = createOutage(endpoint, observe);
  redis.on('error', (error) => outage.began(error.message || String(error)));
  redis.on('reconnecting', () => outage.began('the connection was closed'));
  redis.on('ready', outage.ended);
}

/** Of each node by itself; of the whole when none can be asked who has which slots. The client makes a new connection to a node each time it tries. */
function observeNodes(cluster: Cluster, endpoint: string, observe: Observe): void {
  const outages = new Map<string, Outage>();
  const outageOf = (key: string): Outage => {
    const outage = outages.get(key) ?? createOutage(key, observe);
    outages.set(key, outage);
    return outage;
  };
  const isClosing = (): boolean => cluster.status === 'disconnecting' || cluster.status === 'end';

  function follow(node: Server): void {
    const outage = outageOf(serverEndpoint(node));
    node.on('error', (error) => outage.began(error.message || String(error)));
    node.on('end', () => {
      if (!isClosing()) outage.began('the connection was closed');
    });
    node.on('ready', outage.ended);
  }

  for (const node of serversOf(cluster)) follow(node);
  cluster.on('+node', follow);
  const whole = outageOf(endpoint);
  cluster.on('error', (error: Error) => whole.began(error.message));
  cluster.on('ready', whole.ended);
}

interface Outage {
  readonly began: (error: string) => void;
  readonly ended: () => void;
}

function createOutage(endpoint: string, observe: Observe): Outage {
  let isLost = false;
  return {
    began(error) {
      if (!isLost) observe({ event: 'redis_lost', endpoint, error });
      isLost = true;
    },
    ended() {
      if (isLost) observe({ event: 'redis_restored', endpoint });
      isLost = false;
    },
  };
}
