/**
 * Takes out of the lists what Redis has expired while no orchestrator was there to purge it, and the counters of types that nobody has workflows of any
 * more. **Invariant:** what exists stays: each entry goes in a script that finds no workflow of its id. Looks at some entries at a time, and goes on
 * there the next time: there may be millions, and nearly all of them are as they should be.
 */
import { readFileSync } from 'node:fs';
import { workflowStatuses } from '@baton/core';
import { guardedWrite, write } from './guarded-write.ts';
import type { Redis } from './redis.ts';
import { answer, answers, defineScripts } from './redis-connection.ts';
import { storeKeys } from './store-keys.ts';
import { workflowIdOf } from './workflow-index.ts';

const dropCounterScript = readFileSync(new URL('./drop-counter.lua', import.meta.url), 'utf8');
const membersPerPage = 500;
const membersPerSweepMax = 10_000;

export interface IndexSwept {
  /** Entries of lists. */
  readonly entries: number;
  readonly counters: number;
}

export interface IndexSweep {
  /** The next so many entries, from the beginning again when all were looked at. */
  next(): Promise<IndexSwept>;
}

export function createIndexSweep(redis: Redis, prefix: string, membersMax = membersPerSweepMax): IndexSweep {
  defineScripts(redis);
  const keys = storeKeys(prefix);
  let place = { index: '', member: '' };

  async function next(): Promise<IndexSwept> {
    const types = await answer(redis.hkeys(keys.active));
    const counters = await answers(types.map((type) => dropCounter(type)));
    const indexes = ['', ...types].flatMap((type) =>
      workflowStatuses.map((status) => keys.index(...(type === '' ? ['status', status] : ['type', type, status]))),
    );
    return { entries: await sweep(indexes.toSorted()), counters: counters.filter((each) => each === 1).length };
  }

  async function sweep(indexes: readonly string[]): Promise<number> {
    let [looked, removed] = [0, 0];
    for (const index of indexes.filter((each) => each >= place.index)) {
      let from = index === place.index && place.member !== '' ? `(${place.member}` : '-';
      for (let page = await pageOf(index, from); page.length > 0; page = await pageOf(index, from)) {
        removed += await removeGone(index, page);
        place = { index, member: page.at(-1) as string };
        from = `(${place.member}`;
        looked += page.length;
        if (looked >= membersMax) return removed;
      }
    }
    place = { index: '', member: '' };
    return removed;
  }

  function pageOf(index: string, from: string): Promise<readonly string[]> {
    return answer(redis.zrange(index, from, '+', 'BYLEX', 'LIMIT', 0, membersPerPage));
  }

  async function removeGone(index: string, members: readonly string[]): Promise<number> {
    const exist = await answers(members.map((member) => redis.exists(keys.workflow(workflowIdOf(member)))));
    const gone = members.filter((_, at) => exist[at] === 0);
    // Revision 0: one that was created under the same id meanwhile keeps its entry.
    const removed = await answers(
      gone.map((member) => guardedWrite(redis, { workflow: keys.workflow(workflowIdOf(member)), revision: '0' }, write('ZREM', index, [member]))),
    );
    return removed.filter((each) => each === 1).length;
  }

  function dropCounter(type: string): Promise<unknown> {
    const lists = workflowStatuses.map((status) => keys.index('type', type, status));
    return redis.eval(dropCounterScript, lists.length + 1, keys.active, ...lists, type);
  }

  return { next };
}
