import { expect, test } from 'vitest';
import { keySlot, shardPrefixes } from './shards.ts';

const slotCount = 16_384;

test('one shard has the prefix of the deployment, whatever it is', () => {
  expect(['{baton:0}', '{test-1}'].map((prefix) => shardPrefixes(prefix, 1))).toEqual([['{baton:0}'], ['{test-1}']]);
});

test('the first has it always, the others the number of theirs', () => {
  expect(shardPrefixes('{baton:0}', 3)).toEqual(['{baton:0}', '{baton:1}', '{baton:2}']);
  expect(shardPrefixes('{mine}', 2)).toEqual(['{mine}', expect.stringMatching(/^\{mine:1(\.\d+)?\}$/)]);
});

/** As many slots to each, in a row: what `redis-cli --cluster create` does. */
function perNode(prefixes: readonly string[], nodes: number): readonly number[] {
  const counts = Array.from({ length: nodes }, () => 0);
  for (const prefix of prefixes) {
    const node = Math.floor((keySlot(prefix) * nodes) / slotCount);
    counts[node] = (counts[node] as number) + 1;
  }
  return counts;
}

test.each(['{baton:0}', '{baton:prod:0}', '{x}'])('%s: the shards lie in slots of their own, and each node gets its share of them', (prefix) => {
  for (const shards of [2, 3, 5, 6, 12, 16, 64]) {
    const prefixes = shardPrefixes(prefix, shards);
    expect(new Set(prefixes.map(keySlot)).size).toBe(shards);
    for (const nodes of [2, 3, 4, 6].filter((each) => each <= shards)) {
      const counts = perNode(prefixes, nodes);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(shards % nodes === 0 ? 0 : 2);
    }
  }
});
