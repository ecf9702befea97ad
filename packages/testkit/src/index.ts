export { type RedisFixture, type RedisFixtureOptions, randomPrefix, startRedis } from './redis-fixture.ts';
