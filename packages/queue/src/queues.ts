/** What is asked of the queues of all shards at once. A capability's queue is one in each shard; its limit is divided among them. */
import { type CapabilityFacts, type DispatchRef, type JobFacts, type SubtaskQueue, shardOf, shareOf } from '@baton/core';

export type Queues = Pick<SubtaskQueue, 'facts' | 'capabilities' | 'limitConcurrency'>;

/** @param queues of each shard, in their order; a limit must not be lower than there are shards, or some would stand still */
export function queuesOf(queues: readonly SubtaskQueue[]): Queues {
  const [home] = queues as [SubtaskQueue, ...SubtaskQueue[]];
  if (queues.length === 1) return home;
  return {
    async facts(refs) {
      const byShard = Map.groupBy(refs, ({ workflowId }) => shardOf(workflowId, queues.length));
      const found = new Map<DispatchRef, JobFacts>();
      await Promise.all(
        [...byShard].map(async ([shard, own]) => {
          const facts = await (queues[shard] as SubtaskQueue).facts(own);
          own.forEach((ref, index) => found.set(ref, facts[index] as JobFacts));
        }),
      );
      return refs.map((ref) => found.get(ref) as JobFacts);
    },
    async capabilities(names) {
      const all = await Promise.all(queues.map((queue) => queue.capabilities(names)));
      return names.map((_, index) => together(all.map((facts) => facts[index] as CapabilityFacts)));
    },
    async limitConcurrency(capability, limit) {
      await Promise.all(queues.map((queue, shard) => queue.limitConcurrency(capability, limit === null ? null : shareOf(limit, shard, queues.length))));
    },
  };
}

function together(facts: readonly CapabilityFacts[]): CapabilityFacts {
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
  const limits = facts.map(({ limit }) => limit);
  return {
    capability: (facts[0] as CapabilityFacts).capability,
    // Each of them serves all shards.
    agents: Math.max(...facts.map(({ agents }) => agents)),
    queued: sum(facts.map(({ queued }) => queued)),
    active: sum(facts.map(({ active }) => active)),
    limit: limits.includes(null) ? null : sum(limits as number[]),
  };
}
