/** Reading the lists of workflows, page by page, and counting what runs. */
import type { WorkflowStore } from '@baton/core';
import type { Redis } from 'ioredis';
import { answer, answers } from './redis-connection.ts';
import type { StoreKeys } from './store-keys.ts';
import { cursorAt, indexFor, placeOf, workflowIdOf } from './workflow-index.ts';
import { summaryFields, workflowSummary } from './workflow-record.ts';

export function createWorkflowList(redis: Redis, keys: StoreKeys): Pick<WorkflowStore, 'list' | 'activeCounts'> {
  return {
    /** @throws {StoreError} BAD_CURSOR */
    async list({ cursor, limit, ...filter }) {
      const index = indexFor(keys, filter);
      const from = cursor === undefined ? '+' : `(${placeOf(cursor)}`;
      // One more than asked for tells whether there is another page.
      const found = await answer(redis.zrange(index, from, '-', 'BYLEX', 'REV', 'LIMIT', 0, limit + 1));
      const members = found.slice(0, limit);
      const last = found.length > limit ? members.at(-1) : undefined;
      const summaries = await summariesOf(members);
      const gone = members.filter((_, at) => summaries[at] === null);
      // Redis expired them with no orchestrator there to purge them.
      if (gone.length > 0) await answer(redis.zrem(index, ...gone));
      return { workflows: summaries.filter((summary) => summary !== null), ...(last !== undefined && { cursor: cursorAt(last) }) };
    },
    async activeCounts() {
      const counts = Object.entries(await answer(redis.hgetall(keys.active)));
      return new Map(counts.map(([type, count]) => [type, Number(count)] as const).filter(([, count]) => count > 0));
    },
  };

  async function summariesOf(members: readonly string[]) {
    const fields = await answers(members.map((member) => redis.hmget(keys.workflow(workflowIdOf(member)), ...summaryFields)));
    return fields.map(workflowSummary);
  }
}
