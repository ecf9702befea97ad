/**
 * Commands of one turn of the event loop leave in one write. ioredis writes each by itself, which costs a call of the operating system, and Redis
 * one more to read it; its own answer to that, auto-pipelining, costs more than it saves here (ARCHITECTURE.md has the figures).
 */
import type { Redis } from 'ioredis';

/** Holds for this connection and the sockets that it opens later; not for its duplicates, which block and send one command at a time. */
export function writeOncePerTurn(redis: Redis): void {
  redis.on('connect', () => {
    const { stream } = redis;
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
