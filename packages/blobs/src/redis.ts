/** The connection as everything here takes it: one server, or a cluster of them. */
import type { Cluster, Redis as Server } from 'ioredis';

export type Redis = Server | Cluster;
