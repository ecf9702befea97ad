import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';
import { casesOf, rotated } from './plan.ts';

const planned = (...flags: readonly string[]): readonly string[] =>
  casesOf(parseOptions(flags)).map((group) => group.map(({ system, start, workload, inFlight }) => `${workload}×${inFlight} ${system} ${start}`).join(', '));

test('what is compared stands together; HTTP is measured with chains only', () => {
  expect(planned('--workloads', 'chain,fanout', '--in-flight', '200')).toEqual([
    'chain×200 baton queue, chain×200 baton http, chain×200 raw-flow queue, chain×200 raw-step queue',
    'fanout×20 baton queue, fanout×20 raw-flow queue',
  ]);
});

test('the same load is not measured twice', () => {
  expect(planned('--workloads', 'map10000', '--systems', 'baton', '--start', 'http')).toEqual(['map10000×1 baton http']);
});

test('a quick run has 1,000 in flight for chains only, and one load of what has no rival', () => {
  expect(planned('--quick', '--workloads', 'chain,diamond,loop10', '--systems', 'baton', '--start', 'queue')).toEqual([
    'chain×200 baton queue',
    'chain×1000 baton queue',
    'chain×1 baton queue',
    'diamond×200 baton queue',
    'diamond×1 baton queue',
    'loop10×100 baton queue',
  ]);
});

test('each has each place once', () => {
  expect([0, 1, 2].map((by) => rotated(['a', 'b', 'c'], by).join(''))).toEqual(['abc', 'bca', 'cab']);
});

test('nothing is what was asked for', () => {
  const options = parseOptions(['--workloads', '', '--nodes', '', '--live', '']);
  expect([casesOf(options), options.nodes, options.live]).toEqual([[], [], []]);
});

test.each([
  [['--systems', 'baton,kafka'], /--systems: .*raw-flow/],
  [['--in-flight', '0'], /--in-flight: /],
  [['--repeats', 'many', '--seconds=-1'], /--repeats: [^]*--seconds: /],
  [['--set', 'PATH=/tmp'], /--set: must be like BATON_TREES=off/],
  [['--nonsense'], /Unknown option '--nonsense'/],
  [['chain'], /Unexpected argument 'chain'/],
])('%j is refused with what is wrong and what there is', (flags, message) => {
  expect(() => parseOptions(flags)).toThrow(message);
  expect(() => parseOptions(flags)).toThrow(/Usage: \.\/dev bench/);
});
