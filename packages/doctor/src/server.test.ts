import { parseInfo } from '@baton/queue';
import { describe, expect, test } from 'vitest';
import { judgeEviction, judgeMemory, judgePersistence, judgeReplication, judgeVersion } from './server.ts';
import type { Verdict } from './verdict.ts';

const gib = 2 ** 30;

function check(judge: (info: ReturnType<typeof parseInfo>) => Verdict, cases: readonly (readonly [info: string, severity: string, message: RegExp])[]): void {
  test.each(cases)('%j: %s', (info, severity, message) => {
    const verdict = judge(parseInfo(info.replaceAll(' ', '\r\n')));
    expect(verdict).toMatchObject({ severity, message: expect.stringMatching(message) });
    // Whatever is wrong has a mend, and both are sentences.
    expect(verdict.mend === null).toBe(severity === 'ok');
    for (const sentence of [verdict.message, verdict.mend ?? 'None.']) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });
}

describe('version', () => {
  check(judgeVersion, [
    ['redis_version:7.0.15', 'ok', /7\.0\.15/],
    ['redis_version:6.2.14', 'problem', /6\.2\.14/],
    ['other:1', 'warning', /does not tell/],
  ]);
});

describe('eviction', () => {
  check(judgeEviction, [
    ['maxmemory_policy:noeviction', 'ok', /evicts nothing/],
    ['maxmemory_policy:volatile-lru', 'problem', /volatile-lru/],
    ['other:1', 'warning', /does not tell/],
  ]);
});

describe('persistence', () => {
  check(
    (info) => judgePersistence(info, 'everysec'),
    [
      ['aof_enabled:1 aof_last_write_status:ok aof_last_bgrewrite_status:ok rdb_last_bgsave_status:ok', 'ok', /appendfsync everysec/],
      ['aof_enabled:0', 'problem', /no append-only file/],
      ['aof_enabled:1 aof_last_write_status:err', 'problem', /aof_last_write_status/],
      ['aof_enabled:1 rdb_last_bgsave_status:err', 'problem', /rdb_last_bgsave_status/],
      ['other:1', 'warning', /does not tell/],
    ],
  );
  check((info) => judgePersistence(info, 'no'), [['aof_enabled:1', 'warning', /appendfsync no/]]);
  check((info) => judgePersistence(info, null), [['aof_enabled:1', 'ok', /CONFIG is forbidden/]]);
});

describe('memory', () => {
  check(judgeMemory, [
    [`used_memory:${gib} maxmemory:${4 * gib}`, 'ok', /1\.0 GiB, 25 % of its limit of 4\.0 GiB/],
    [`used_memory:${0.85 * gib} maxmemory:${gib}`, 'warning', /85 %.*refuses every write/],
    [`used_memory:${0.97 * gib} maxmemory:${gib}`, 'problem', /97 %/],
    [`used_memory:${0.5 * gib} maxmemory:0 total_system_memory:${4 * gib}`, 'ok', /13 % of its machine's 4\.0 GiB/],
    [`used_memory:${3.9 * gib} maxmemory:0 total_system_memory:${4 * gib}`, 'problem', /the system ends it/],
    [`used_memory:${2 ** 20} maxmemory:0`, 'ok', /no limit of its own/],
    ['other:1', 'warning', /does not tell/],
  ]);
});

describe('replication', () => {
  check(judgeReplication, [
    ['role:master connected_slaves:0', 'ok', /without replicas/],
    ['role:master slave0:ip=10.0.0.2,port=6379,state=online,offset=1,lag=1', 'ok', /1 replica: 10\.0\.0\.2:6379/],
    ['role:master slave0:ip=a,port=1,state=online,offset=1,lag=0 slave1:ip=b,port=2,state=online,offset=1,lag=44', 'warning', /b:2 \(online, 44 s behind\)/],
    ['role:master slave0:ip=a,port=1,state=wait_bgsave,offset=0,lag=0', 'warning', /wait_bgsave/],
    ['role:slave', 'problem', /takes no writes/],
    ['other:1', 'warning', /does not tell/],
  ]);
});
