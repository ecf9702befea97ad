/** What `SubtaskQueue` and `ReplyReader` promise, as one suite that runs against the memory and the Redis implementation. */
import { afterEach, beforeEach, describe } from 'vitest';
import { capabilitiesContract } from './queue-contract-capabilities.ts';
import { dispatchContract } from './queue-contract-dispatch.ts';
import { factsContract } from './queue-contract-facts.ts';
import { readerContract } from './queue-contract-reader.ts';
import { treesContract } from './queue-contract-trees.ts';
import type { QueueWorld, TakenAssignment } from './queue-world.ts';

export function queueContract(name: string, open: () => Promise<QueueWorld>): void {
  describe(`${name}: the queue's contract`, () => {
    let world: QueueWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.end());

    const took = async (capability = 'data.fetch', agent = 'data-agent-01'): Promise<TakenAssignment> => {
      const taken = await world.take(capability, agent);
      if (taken === null) throw new Error(`There is no job for ${capability}.`);
      return taken;
    };
    dispatchContract(() => world, took);
    factsContract(() => world, took);
    readerContract(() => world, took);
    capabilitiesContract(() => world, took);
    treesContract(() => world, took);
  });
}
