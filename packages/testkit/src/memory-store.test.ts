/** The store in memory keeps the contract that the one on Redis keeps. */
import { createMemoryStore } from './memory-store.ts';
import { storeContract } from './store-contract.ts';

storeContract('memory', () => {
  const store = createMemoryStore();
  return { store, reopen: () => store };
});
