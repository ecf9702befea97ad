import { expect, test } from 'vitest';
import { Environment, parseEnvironment, parseRedisUrl, type RedisTarget, shownTarget } from './index.ts';

const sentinel = { kind: 'sentinel', name: 'mymaster', isTls: false, db: 0 } as const;

test.each<[string, RedisTarget, string]>([
  ['redis://127.0.0.1', { kind: 'server', url: 'redis://127.0.0.1' }, '127.0.0.1:6379'],
  ['rediss://me:secret@redis.example:6380/2', { kind: 'server', url: 'rediss://me:secret@redis.example:6380/2' }, 'redis.example:6380'],
  ['redis+sentinel://one/mymaster', { ...sentinel, sentinels: [{ host: 'one', port: 26_379 }] }, 'one:26379/mymaster'],
  [
    'rediss+sentinel://me:se%3Acret@10.0.0.1:5000,[::1]:5001/mymaster?db=3&sentinel_username=watcher&sentinel_password=other%26',
    {
      ...sentinel,
      isTls: true,
      db: 3,
      sentinels: [
        { host: '10.0.0.1', port: 5_000 },
        { host: '::1', port: 5_001 },
      ],
      username: 'me',
      password: 'se:cret',
      sentinelUsername: 'watcher',
      sentinelPassword: 'other&',
    },
    '10.0.0.1:5000,[::1]:5001/mymaster',
  ],
  ['redis+sentinel://:100%@one/mymaster', { ...sentinel, sentinels: [{ host: 'one', port: 26_379 }], password: '100%' }, 'one:26379/mymaster'],
  ['redis+cluster://one', { kind: 'cluster', isTls: false, nodes: [{ host: 'one', port: 6_379 }] }, 'one:6379'],
  [
    'rediss+cluster://me:se%3Acret@10.0.0.1:7000,[::1]:7001',
    {
      kind: 'cluster',
      isTls: true,
      nodes: [
        { host: '10.0.0.1', port: 7_000 },
        { host: '::1', port: 7_001 },
      ],
      username: 'me',
      password: 'se:cret',
    },
    '10.0.0.1:7000,[::1]:7001',
  ],
])('%s', (url, target, shown) => {
  expect(parseRedisUrl(url)).toEqual({ ok: true, value: target });
  expect(shownTarget(target)).toBe(shown);
  expect(parseEnvironment(Environment, { BATON_REDIS_URL: url }).BATON_REDIS_URL).toBe(url);
});

test.each([
  ['http://me:secret@h', /must be a URL like redis:\/\/127\.0\.0\.1:6379, redis\+sentinel.* or redis\+cluster/],
  ['redis://', /must be a URL like/],
  ['redis://[secret', /must be a URL like/],
  ['redis+sentinel://me:secret@one:1', /must name the master/],
  ['redis+sentinel://me:secret@one:1/', /must name the master/],
  ['redis+sentinel://me:secret@one:99999/m', /must have Sentinels like/],
  ['redis+sentinel://me:secret@one:1,/m', /must have Sentinels like/],
  ['redis+sentinel:///m', /must be a URL like redis\+sentinel/],
  ['redis+sentinel://one/m?password=secret', /knows db, sentinel_username, sentinel_password after the question mark, not password/],
  ['redis+cluster://me:secret@one:7000/1', /redis\+cluster:\/\/.*without a database/],
  ['redis+cluster://me:secret@one:7000,two:', /must have nodes like/],
  ['redis+cluster://', /must be a URL like redis\+cluster/],
  ['redis+sentinel://one/m?db=x', /must have a number as its db/],
])('%s is refused, with what would be right and without a secret', (url, message) => {
  const parse = () => parseEnvironment(Environment, { BATON_REDIS_URL: url });
  expect(parse).toThrow(message);
  expect(parse).not.toThrow(/secret/);
});
