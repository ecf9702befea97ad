import { expect, test } from 'vitest';
import { isOldServer, mayEvict, parseInfo } from './server-info.ts';

test('INFO by name, whatever its sections and line ends', () => {
  const info = parseInfo('# Server\r\nredis_version:7.0.15\r\n\r\n# Replication\r\nslave0:ip=10.0.0.1,port=6379,state=online\r\nconfig_file:\r\n');
  expect([...info]).toEqual([
    ['redis_version', '7.0.15'],
    ['slave0', 'ip=10.0.0.1,port=6379,state=online'],
    ['config_file', ''],
  ]);
});

test.each([
  ['6.2.14', true],
  ['5.0.0', true],
  ['7.0.0', false],
  ['7.0', false],
  ['7.2.4', false],
  ['10.1.0', false],
  ['', null],
])('version %s: too old is %s', (version, expected) => {
  expect(isOldServer(parseInfo(`redis_version:${version}`))).toBe(expected);
});

test('a server that does not say its policy cannot be judged', () => {
  expect(['noeviction', 'allkeys-lru', 'volatile-ttl'].map((policy) => mayEvict(parseInfo(`maxmemory_policy:${policy}`)))).toEqual([false, true, true]);
  expect(mayEvict(parseInfo('redis_version:7.2.4'))).toBeNull();
});
