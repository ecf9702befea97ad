/** Reading the lists of workflows, page by page, and counting what runs. */
import { NewerSchemaError, type Schema, type WorkflowStore, type WorkflowSummary } from '@baton/core';
import type { Redis } from './redis.ts';
import { answer, answers, transactionAnswers } from './redis-connection.ts';
import type { StoreKeys } from './store-keys.ts';
import { createdAtOf, cursorAt, indexesFor, placeOf, workflowIdOf } from './workflow-index.ts';
import { summaryFields, workflowSummary } from './workflow-record.ts';

export function createWorkflowList(redis: Redis, keys: StoreKeys, schema: Schema): Pick<WorkflowStore, 'list' | 'activeCounts'> {
  return {
    /** @throws {StoreError} BAD_CURSOR */
    async list({ cursor, limit, ...filter }) {
      const indexes = indexesFor(keys, filter);
      const from = cursor === undefined ? '+' : `(${placeOf(cursor)}`;
      // One more than asked for tells whether there is another page.
      const found = await firstOf(indexes, from, limit + 1);
      const members = found.slice(0, limit);
      const last = found.length > limit ? members.at(-1) : undefined;
      const summaries = await summariesOf(members);
      const newer = members.filter((_, at) => summaries[at] === 'newer').map((member) => ({ id: workflowIdOf(member), createdAt: createdAtOf(member) }));
      const gone = members.filter((_, at) => summaries[at] === null);
      // Redis expired them with no orchestrator there to purge them.
      if (gone.length > 0) await answers(indexes.map((index) => redis.zrem(index, ...gone)));
      const workflows = summaries.filter((summary) => summary !== null && summary !== 'newer');
      return { workflows, ...(newer.length > 0 && { newer }), ...(last !== undefined && { cursor: cursorAt(last) }) };
    },
    async activeCounts() {
      const counts = Object.entries(await answer(redis.hgetall(keys.active)));
      return new Map(counts.map(([type, count]) => [type, Number(count)] as const).filter(([, count]) => count > 0));
    },
  };

  /** The newest members of several indexes, read in a transaction: a workflow that moves from one to another is in one of them. */
  async function firstOf(indexes: readonly string[], from: string, limit: number): Promise<readonly string[]> {
    const transaction = redis.multi();
    for (const index of indexes) transaction.zrange(index, from, '-', 'BYLEX', 'REV', 'LIMIT', 0, limit);
    const found = (await transactionAnswers<readonly string[]>(transaction)).flat();
    return found.toSorted((one, other) => (one < other ? 1 : -1)).slice(0, limit);
  }

  async function summariesOf(members: readonly string[]) {
    const ids = members.map(workflowIdOf);
    const found = await answers(ids.map((id) => redis.hmget(keys.workflow(id), ...summaryFields)));
    return ids.map((id, at) => summaryOrNewer(id, found[at] ?? [], schema));
  }
}

/** One that only newer processes can read does not hide the others. */
function summaryOrNewer(id: string, fields: readonly (string | null)[], schema: Schema): WorkflowSummary | 'newer' | null {
  try {
    return workflowSummary(id, fields, schema);
  } catch (error) {
    if (error instanceof NewerSchemaError) return 'newer';
    throw error;
  }
}
