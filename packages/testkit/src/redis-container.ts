/** Redis in a container. Its port on the host is fixed, so that a restart keeps it. */
import { freePort } from './free-port.ts';
import type { RedisFixture } from './redis-fixture.ts';

const image = 'redis:8-alpine';
const redisPort = 6379;
const shutdownMs = 10_000;

export async function startContainer(args: readonly string[]): Promise<RedisFixture> {
  // Loaded only here: it takes a second to load, and most machines of developers go without it.
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import('testcontainers');
  const port = await freePort();
  const container = await new GenericContainer(image)
    .withCommand(['redis-server', ...args])
    .withExposedPorts({ container: redisPort, host: port })
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .start();
  return {
    url: `redis://${container.getHost()}:${port}`,
    port,
    dir: null,
    async stop() {
      await container.stop();
    },
    async kill() {
      const client = await getContainerRuntimeClient();
      await client.container.getById(container.getId()).kill({ signal: 'SIGKILL' });
    },
    async restart() {
      // Without a timeout testcontainers kills it first.
      await container.restart({ timeout: shutdownMs });
    },
  };
}
