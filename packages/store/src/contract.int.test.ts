/** The store on Redis keeps the contract that the one in memory keeps. */
import { randomPrefix, storeContract } from '@baton/testkit';
import { useRedis } from './redis-under-test.ts';
import { createStore } from './store.ts';

const redis = useRedis();

storeContract('Redis', () => {
  const prefix = randomPrefix();
  const connection = redis.connect();
  return {
    store: createStore({ redis: connection, prefix }),
    reopen: () => createStore({ redis: redis.connect(), prefix }),
    control: async (workflowId) => await connection.hgetall(`${prefix}:ctl:${workflowId}`),
    childReplies: async (partition) => {
      const entries = await connection.xrange(`${prefix}:res.workflow.${partition}`, '-', '+');
      return entries.map(([, [field, raw = '', ...more]]) => (field === 'reply' && more.length === 0 ? raw : ''));
    },
  };
});
