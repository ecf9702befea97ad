import { partitionCount } from '@baton/core';
import { describe, expect, test } from 'vitest';
import { judgeClocks } from './clock.ts';
import type { Verdict } from './verdict.ts';
import {
  judgeBacklog,
  judgeDeadLetters,
  judgeExpiry,
  judgeGivenUp,
  judgeOrphans,
  judgeOutbox,
  judgePartitions,
  judgeShards,
  judgeUnserved,
  judgeWaitingStarts,
} from './work.ts';

const owners = (count: number) => Array.from({ length: partitionCount }, (_, partition) => (partition < count ? `owner-${partition % 2}` : null));
const backlog = (oldestAgeMs: number, partition = 0) => ({ stream: `res.data.fetch.${partition}`, partition, replies: 2, oldestAgeMs });
const given = (reason: string) => ({ capability: 'data.fetch', jobs: 2, jobId: 'wf~a~0', reason });
const outboxed = (count: number) => Array.from({ length: count }, (_, index) => ({ workflowId: `wf_${index}`, subtaskId: 'a', generation: 0 }));
const clock = (aheadMs: number, agent: string | null = 'agent-1') => ({ agent, aheadMs });
const waiting = (limit: 'type' | 'capability' | 'memory', of: string, since: number) => ({ limit, of, starts: 3, since });
const forgotten = (...hashes: string[]) => ({ hashes, isAll: true });

const cases: Readonly<Record<string, readonly (readonly [verdict: Verdict, severity: Verdict['severity'], message: RegExp])[]>> = {
  'unreachable shards': [
    [judgeShards([], 1), 'ok', /one shard/],
    [judgeShards([], 3), 'ok', /All 3/],
    [judgeShards(['{baton:1}', '{baton:2}'], 3), 'problem', /2 of 3 shards .*\{baton:1\}, \{baton:2\} stand still/],
  ],
  'partitions without owner': [
    [judgePartitions(owners(partitionCount)), 'ok', /of 2 orchestrators/],
    [judgePartitions(owners(14)), 'problem', /partitions 14, 15/],
    [judgePartitions(owners(0)), 'problem', /no orchestrator is alive/],
  ],
  'result lag': [
    [judgeBacklog([], owners(16)), 'ok', /No reply/],
    [judgeBacklog([backlog(200)], owners(16)), 'ok', /2 replies wait .*res\.data\.fetch\.0 \(0\.2 s\)/],
    [
      judgeBacklog([backlog(11_000, 15), backlog(3_000)], owners(15)),
      'warning',
      /4 replies.*res\.data\.fetch\.15 \(11 s, nobody owns the partition\), res.data.fetch.0 \(3/,
    ],
    [judgeBacklog([backlog(60_000)], owners(16)), 'problem', /60 s/],
  ],
  'stuck outbox': [
    [judgeOutbox([], 100), 'ok', /No dispatch/],
    [judgeOutbox(outboxed(1), 100), 'problem', /1 dispatch has .*: a of wf_0\./],
    [judgeOutbox(outboxed(100), 100), 'problem', /100 or more.*and 95 more/],
  ],
  'capabilities without agent': [
    [judgeWaitingStarts([], 0), 'ok', /No start waits/],
    [judgeWaitingStarts([waiting('type', 'sales', 1_000)], 60_000), 'ok', /3 starts wait in the start queue for a place, the first for 59 s: sales, as many/],
    [
      judgeWaitingStarts([waiting('memory', '', 50_000), waiting('capability', 'data.fetch', 0)], 60_000),
      'warning',
      /6 starts.*first for 60 s: memory of Redis \(3\), data\.fetch, for which as many subtasks as may be wait \(3\)/,
    ],
    [judgeUnserved([]), 'ok', /Every capability/],
    [
      judgeUnserved([
        { capability: 'a', jobs: 1 },
        { capability: 'b', jobs: 3 },
      ]),
      'problem',
      /b \(3 subtasks\), a \(1 subtask\)/,
    ],
  ],
  'orphaned jobs': [
    [judgeOrphans([]), 'ok', /No job/],
    [judgeOrphans([{ capability: 'a', jobIds: ['1', '2'] }]), 'warning', /a \(2\)/],
  ],
  'failed jobs': [
    [judgeGivenUp([], 'the last hour'), 'ok', /no job in the last hour/],
    [judgeGivenUp([given('BAD_ASSIGNMENT: []')], 'the last hour'), 'warning', /data\.fetch \(2\); the last of data\.fetch is wf~a~0: BAD_ASSIGNMENT: \[\]$/],
    [judgeGivenUp([given('x'.repeat(1_000))], 'the last hour'), 'warning', /x{300}…$/],
  ],
  'dead letters': [
    [judgeDeadLetters(0), 'ok', /no dead letters/],
    [judgeDeadLetters(1), 'warning', /^1 reply that could not be read waits/],
    [judgeDeadLetters(3), 'warning', /^3 replies that could not be read wait /],
  ],
  'unexpiring keys': [
    [judgeExpiry([], forgotten()), 'ok', /All leases/],
    [judgeExpiry(['{b}:owner:3'], forgotten('abc')), 'warning', /\{b\}:owner:3, def:abc/],
    [judgeExpiry([], { hashes: [], isAll: false }), 'ok', /as far as was looked/],
  ],
  clocks: [
    [judgeClocks([clock(12, null)]), 'ok', /of 0 agents are within 12 ms/],
    [judgeClocks([clock(3, null), clock(-1_500)]), 'warning', /agent-1 is 1\.5 s behind/],
    [judgeClocks([clock(2_000, null), clock(-30_000)]), 'problem', /agent-1 is 30 s behind, \S+ is 2\.0 s ahead/],
  ],
};

describe.each(Object.entries(cases))('%s', (_, own) => {
  test.each(own)('$severity: $message', (verdict, severity, message) => {
    expect(verdict).toMatchObject({ severity, message: expect.stringMatching(message) });
    expect(verdict.mend === null).toBe(severity === 'ok');
  });
});
