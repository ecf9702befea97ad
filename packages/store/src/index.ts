export { expireForgottenDefinitions, type Forgotten, forgottenDefinitions } from './forgotten-definitions.ts';
export { createIndexSweep, type IndexSweep, type IndexSwept } from './index-sweep.ts';
export { createStores, type Records, recordsOf, type StoresOptions } from './shards.ts';
export { createStore, type StoreOptions } from './store.ts';
export { StoreError, type StoreErrorCode } from './store-error.ts';
