/**
 * Commands of one turn of the event loop leave in one write. ioredis writes each by itself, which costs a call of the operating system, and Redis
 * one more to read it; its own answer to that, auto-pipelining, costs more than it saves here (ARCHITECTURE.md has the figures).
 */
import { Cluster, type Redis as Server } from 'ioredis';
import type { Redis } from './redis.ts';

/** Holds for this connection and the sockets that it opens later, of a cluster for one to each node; not for duplicates, which block and send one command at a time. */
export function writeOncePerTurn(redis: Redis): void {
  if (redis instanceof Cluster) redis.on('+node', writeOnce);
  else writeOnce(redis);
}

function writeOnce(server: Server): void {
  server.on('connect', () => {
    const { stream } = server;
    const write = stream.write.bind(stream) as (...words: unknown[]) => boolean;
    stream.write = (...words: unknown[]): boolean => {
      if (stream.writableCorked === 0) {
        stream.cork();
        // After everything that this turn's promises have to send, and before the next event.
        process.nextTick(() => stream.uncork());
      }
      return write(...words);
    };
  });
}
