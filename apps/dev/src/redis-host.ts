/**
 * Runs the Redis of a stack in a process of its own, as the apps run: Ctrl-C does not reach it, so it is there until the apps
 * have shut down, and it is gone when ./dev is, a container too. Its argument is the folder for data that stay; without it they go.
 */
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { type RedisFixture, startRedis } from '@baton/testkit';

async function host(dir: string | undefined): Promise<void> {
  const redis = await start(dir);
  const keeps = dir !== undefined && redis.dir !== null;
  const origin = redis.dir === null ? 'a container' : 'a local server';
  process.stdout.write(`${JSON.stringify({ event: 'redis_ready', url: redis.url, origin: keeps ? `${origin}, its data in ${dir}` : origin })}\n`);

  const stopped = once(process, 'SIGTERM').then(() => 'stopped' as const);
  const outcome = await Promise.race([stopped, lost(redis)]);
  await redis.stop();
  if (outcome === 'stopped') process.exit(0);
  throw new Error(`Redis on ${redis.url} ended.`);
}

async function start(dir: string | undefined): Promise<RedisFixture> {
  const redis = await startRedis();
  if (dir === undefined || redis.dir === null) return redis;
  // A local server can keep its data in a folder of ours; a container of the testkit cannot.
  await redis.stop();
  mkdirSync(dir, { recursive: true });
  return await startRedis({ args: ['--dir', dir] });
}

/** A connection that ends only if the server does. */
async function lost({ url }: RedisFixture): Promise<'lost'> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).resume();
  socket.on('error', () => undefined); // 'close' follows, and says all that is to be said.
  await once(socket, 'close');
  return 'lost';
}

try {
  await host(process.argv[2]);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
