export { startProcess, type TestProcess } from './child-process.ts';
export { edgesArbitrary, graphDefinition, headerOf, typeOf, workflowOf } from './definition-arbitrary.ts';
export { createManualClock, type ManualClock } from './manual-clock.ts';
export * from './memory-queue.ts';
export { createMemoryStore, type MemoryStore, type MemoryStoreOptions } from './memory-store.ts';
export * from './queue-contract.ts';
export { type RedisFixture, type RedisFixtureOptions, randomPrefix, startRedis } from './redis-fixture.ts';
export { type MakeStore, type StoreUnderTest, storeContract } from './store-contract.ts';
export { commitOne, completion, dispatchOf, patch, step, storedOf } from './stored-workflow.ts';
