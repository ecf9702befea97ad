export { blobsContract } from './blobs-contract.ts';
export { startProcess, type TestProcess } from './child-process.ts';
export { type Dag, dagOf } from './dag.ts';
export { definitionArbitrary, edgesArbitrary, graphDefinition, headerOf, typeOf, workflowOf } from './definition-arbitrary.ts';
export { crash, duplicate, type Fault, fail, garbage, slow } from './fault.ts';
export { freePort } from './free-port.ts';
export { createManualClock, type ManualClock } from './manual-clock.ts';
export { createMemoryBlobs, type MemoryBlobs } from './memory-blobs.ts';
export * from './memory-queue.ts';
export { createMemoryStore, type MemoryStore, type MemoryStoreOptions } from './memory-store.ts';
export { type FailureOptions, type MockAgent, mockAgent } from './mock-agent.ts';
export * from './queue-contract.ts';
export * from './queue-world.ts';
export { createRandom, type Random } from './random.ts';
export { make, moveArbitrary } from './random-moves.ts';
export type { ClusterFixture } from './redis-cluster.ts';
export { isClusterTested, type RedisFixture, type RedisFixtureOptions, randomPrefix, startRedis, startRedisCluster } from './redis-fixture.ts';
export { type SentinelFixture, startSentinels } from './redis-sentinel.ts';
export { type S3Fixture, startS3 } from './s3-fixture.ts';
export { type MakeStore, type StoreUnderTest, storeContract } from './store-contract.ts';
export { commitOne, completion, dispatchOf, patch, step, storedOf } from './stored-workflow.ts';
export { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
export type { Call, TestContext, TestHandler } from './test-agents.ts';
export {
  type Definable,
  runWorkflow,
  type ScriptedAnswer,
  startTestWorkflow,
  type TestRun,
  type TestWorkflow,
  type TestWorkflowOptions,
} from './test-workflow.ts';
export { startWalk } from './workflow-walk.ts';
