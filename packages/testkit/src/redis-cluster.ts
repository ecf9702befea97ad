/**
 * A Redis Cluster of three local servers, a third of the slots each, without replicas. A node that is away leaves the other two at work
 * (`cluster-require-full-coverage no`), as an operator of shards would have it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import type { RedisFixture } from './redis-fixture.ts';
import { ask, startServer } from './redis-server.ts';

export interface ClusterFixture extends RedisFixture {
  readonly nodes: readonly RedisFixture[];
  /** The node that has the key. */
  nodeOf(key: string): Promise<RedisFixture>;
}

const nodeCount = 3;
const slotCount = 16_384;
const readyMs = 20_000;
const pollMs = 50;

/** For each node a bus port of its own: by default Redis takes the port 10,000 higher, which may be none. */
export async function startCluster(program: string, args: readonly string[]): Promise<ClusterFixture> {
  const nodes = await Promise.all(Array.from({ length: nodeCount }, () => startNode(program, args)));
  const fixtures = nodes.map(({ fixture }) => fixture);
  const [first] = nodes as [Node, ...Node[]];
  await Promise.all(nodes.map(({ fixture: { port } }, index) => told(port, `CLUSTER SET-CONFIG-EPOCH ${index + 1}`)));
  await Promise.all(nodes.map(({ fixture: { port } }, index) => told(port, `CLUSTER ADDSLOTSRANGE ${firstSlot(index)} ${firstSlot(index + 1) - 1}`)));
  for (const { fixture, busPort } of nodes.slice(1)) await told(first.fixture.port, `CLUSTER MEET 127.0.0.1 ${fixture.port} ${busPort}`);
  await allKnown(fixtures);

  const each = async (act: (node: RedisFixture) => Promise<void>): Promise<void> => void (await Promise.all(fixtures.map(act)));
  return {
    url: `redis+cluster://${fixtures.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    port: first.fixture.port,
    dir: first.fixture.dir,
    nodes: fixtures,
    async nodeOf(key) {
      const slot = Number((await ask(first.fixture.port, `CLUSTER KEYSLOT ${key}`)).slice(1));
      return fixtures[fixtures.findLastIndex((_, index) => firstSlot(index) <= slot)] as RedisFixture;
    },
    stop: () => each((node) => node.stop()),
    kill: () => each((node) => node.kill()),
    async restart() {
      await each((node) => node.restart());
      await allKnown(fixtures);
    },
  };
}

interface Node {
  readonly fixture: RedisFixture;
  readonly busPort: number;
}

async function startNode(program: string, args: readonly string[]): Promise<Node> {
  const busPort = await freePort();
  const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--cluster-announce-ip', '127.0.0.1'];
  const fixture = await startServer(program, [...cluster, '--cluster-node-timeout', '2000', '--cluster-require-full-coverage', 'no', ...args]);
  return { fixture, busPort };
}

function firstSlot(node: number): number {
  return Math.ceil((node * slotCount) / nodeCount);
}

async function told(port: number, command: string): Promise<void> {
  const answer = await ask(port, command);
  if (answer !== '+OK') throw new Error(`The node at port ${port} answered "${answer}" to ${command}.`);
}

/** Each node knows all of them, and takes commands. */
async function allKnown(nodes: readonly RedisFixture[]): Promise<void> {
  const until = Date.now() + readyMs;
  for (const { port } of nodes) {
    for (;;) {
      const info = await ask(port, 'CLUSTER INFO');
      if (/cluster_state:ok/.test(info) && info.includes(`cluster_slots_ok:${slotCount}`) && info.includes(`cluster_known_nodes:${nodeCount}`)) break;
      if (Date.now() > until) throw new Error(`The cluster was not ready within ${readyMs} ms; the node at port ${port} says:\n${info}`);
      await delay(pollMs);
    }
  }
}
