export { dockerAnswers } from './docker-engine.ts';
export { type RedisFixture, type RedisFixtureOptions, randomPrefix, startRedis } from './redis-fixture.ts';
export * from './memory-queue.ts';
export * from './queue-contract.ts';
export { createManualClock, type ManualClock } from './manual-clock.ts';
export { createMemoryStore } from './memory-store.ts';
export { type MakeStore, storeContract, type StoreUnderTest } from './store-contract.ts';
export { commitOne, completion, dispatchOf, patch, step } from './stored-workflow.ts';
