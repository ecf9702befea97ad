/** The connection as the store takes it: one server, or a cluster of them, of which all keys under the prefix are on one. */
import type { Cluster, Redis as Server } from 'ioredis';

export type Redis = Server | Cluster;
