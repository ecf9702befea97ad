/** The connection as everything here takes it: one server, or a cluster of them. Which it is, the URL says; who sends commands with keys need not know. */
import type { Cluster, Redis as Server } from 'ioredis';

export type Redis = Server | Cluster;
