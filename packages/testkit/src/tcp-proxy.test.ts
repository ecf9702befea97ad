import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

let server: Server;
let proxy: TcpProxy;
const clients: Socket[] = [];

/** Echoes. */
beforeAll(async () => {
  server = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await startTcpProxy((server.address() as AddressInfo).port);
});
afterEach(() => {
  proxy.mend();
  for (const client of clients.splice(0)) client.destroy();
});
afterAll(async () => {
  await proxy.stop();
  server.close();
});

async function dial(): Promise<Socket> {
  const client = connect(proxy.port, '127.0.0.1').on('error', () => {});
  clients.push(client);
  await once(client, 'connect');
  return client;
}

async function echoOf(client: Socket, text: string): Promise<string> {
  let heard = '';
  client.write(text);
  while (heard.length < text.length) heard += String((await once(client, 'data'))[0]);
  return heard;
}

/** However it comes. */
async function end(socket: Socket): Promise<void> {
  await new Promise((resolve) => socket.once('close', resolve));
}

describe('startTcpProxy', () => {
  it('passes everything on, in both directions', async () => {
    const text = 'x'.repeat(1_000_000);
    expect(await echoOf(await dial(), text)).toBe(text);
  });

  it('cuts connections, and takes new ones', async () => {
    const client = await dial();
    await echoOf(client, 'before');
    const closed = end(client);
    proxy.cut();
    await closed;
    expect(await echoOf(await dial(), 'after')).toBe('after');
  });

  it('refuses new connections while it is blocked', async () => {
    const client = await dial();
    const closed = end(client);
    proxy.block();
    await closed;
    await end(connect(proxy.port, '127.0.0.1').on('error', () => {}));
    proxy.mend();
    expect(await echoOf(await dial(), 'after')).toBe('after');
  });

  it('holds everything back while it is stalled, and hands it over afterwards', async () => {
    const client = await dial();
    await echoOf(client, 'before');
    proxy.stall();
    const heard: string[] = [];
    const echo = echoOf(client, 'late').then((text) => heard.push(text));
    // Another proxy's round trip takes longer than an echo would.
    const other = await startTcpProxy((server.address() as AddressInfo).port);
    await other.stop();
    expect(heard).toEqual([]);
    proxy.mend();
    await echo;
    expect(heard).toEqual(['late']);
  });

  it('slows each way', async () => {
    const client = await dial();
    proxy.slow(60);
    const askedAt = performance.now();
    await echoOf(client, 'slow');
    expect(performance.now() - askedAt).toBeGreaterThan(110);
  });
});
