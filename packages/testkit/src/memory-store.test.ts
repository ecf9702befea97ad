/** The store in memory keeps the contract that the one on Redis keeps. */
import { createMemoryStore } from './memory-store.ts';
import { storeContract } from './store-contract.ts';

storeContract('memory', () => {
  const replies: { readonly partition: number; readonly raw: string }[] = [];
  const store = createMemoryStore({ append: (_, partition, raw) => replies.push({ partition, raw }) });
  return {
    store,
    reopen: () => store,
    control: async (workflowId) => Object.fromEntries(store.control(workflowId)),
    childReplies: async (of) => replies.filter(({ partition }) => partition === of).map(({ raw }) => raw),
  };
});
