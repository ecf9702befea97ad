/** A TCP proxy on the loopback, between a process under test and its Redis: cuts, slows and restores the connections that go through it. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pipeline, Transform } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

export interface TcpProxy {
  readonly port: number;
  /** Closes all connections with a reset; new ones are accepted. */
  cut(): void;
  /** Closes all connections, and every new one at once, until it is mended. */
  block(): void;
  /** Nothing passes any more, in both directions, and nobody is told: a cable that was pulled. */
  stall(): void;
  /** Each chunk takes so much longer from now on, in both directions. */
  slow(ms: number): void;
  /** Ends `block`, `stall` and `slow`: what was held back goes on its way. */
  mend(): void;
  stop(): Promise<void>;
}

/** @param target where it leads: a port of the loopback */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let isBlocked = false;
  let delayMs = 0;
  let isStalled = false;
  let mended = Promise.withResolvers<void>();

  function lane(): Transform {
    return new Transform({
      async transform(chunk, _encoding, done) {
        if (isStalled) await mended.promise;
        if (delayMs > 0) await delay(delayMs);
        done(null, chunk);
      },
    });
  }

  function reset(): void {
    for (const socket of sockets) socket.resetAndDestroy();
  }

  const server = createServer((client) => {
    if (isBlocked) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(target, '127.0.0.1');
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    // Either end that goes takes the other with it.
    pipeline(client, lane(), upstream, () => upstream.destroy());
    pipeline(upstream, lane(), client, () => client.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  function mend(): void {
    isBlocked = false;
    isStalled = false;
    delayMs = 0;
    mended.resolve();
    mended = Promise.withResolvers<void>();
  }

  return {
    port: (server.address() as AddressInfo).port,
    cut: reset,
    block() {
      isBlocked = true;
      reset();
    },
    stall() {
      isStalled = true;
    },
    slow(ms) {
      delayMs = ms;
    },
    mend,
    async stop() {
      mend();
      reset();
      server.close();
      await once(server, 'close');
    },
  };
}
