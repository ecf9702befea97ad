/**
 * Ends a connection on which an answer is due and nothing comes: after a pulled cable TCP itself would wait for a quarter of an hour. Looks now and then
 * instead of timing each command (as the client's own `socketTimeout` does), which costs the hot path nothing, and does not take a process that was
 * frozen itself for a Redis that is silent: such a process has missed all looks but one, and reads what came before the next.
 */
import type { Redis as Server } from 'ioredis';

const looksMax = 4;

/** Holds for this connection and the sockets that it opens later, not for its duplicates. */
export function endSilence(server: Server, silentMsMax: number): void {
  server.on('connect', () => {
    const { stream } = server;
    let heardBytes = stream.bytesRead;
    let silentLooks = 0;
    const look = (): void => {
      const isAnswerDue = server.commandQueue.length > 0;
      silentLooks = isAnswerDue && stream.bytesRead === heardBytes ? silentLooks + 1 : 0;
      heardBytes = stream.bytesRead;
      if (silentLooks >= looksMax) stream.destroy(new Error(`no answer for ${silentMsMax} ms`));
    };
    const timer = setInterval(look, silentMsMax / looksMax).unref();
    stream.once('close', () => clearInterval(timer));
  });
}
