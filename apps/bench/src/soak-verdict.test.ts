import { expect, test } from 'vitest';
import { parseSoakOptions } from './soak-options.ts';
import { completionsIn, kindOf, type Sample } from './soak-sample.ts';
import { type Soaked, slope, soakVerdicts } from './soak-verdict.ts';

const MB = 1e6;
const retentionS = 20;
const loadS = 300;

/** A hundred a second, later fifty: each is kept for its retention and takes 5 kB and 4 keys. */
function soaked(leak: { readonly redisBytesPerS?: number; readonly keysPerS?: number; readonly rssPerS?: number } = {}): Soaked {
  const endedAt = (atS: number): number => (atS <= 150 ? 100 * atS : 15_000 + 50 * (atS - 150));
  const at = (atS: number): Sample => {
    const ended = endedAt(Math.min(atS, loadS));
    const kept = ended - endedAt(Math.max(0, Math.min(atS - retentionS, loadS)));
    const redisBytes = 20 * MB + 5_000 * kept + (leak.redisBytesPerS ?? 0) * Math.min(atS, loadS);
    const keys = 9_000 + 4 * kept + (leak.keysPerS ?? 0) * Math.min(atS, loadS);
    // Ragged, as memory is.
    const ragged = atS % 2 === 0 ? 200_000 : 0;
    const rssBytes = { orchestrator: 300 * MB + (leak.rssPerS ?? 0) * atS + 10 * ragged, redis: 50 * MB };
    return { atS, ended, kept, redisBytes: redisBytes + ragged, datasetBytes: redisBytes, keys, aofBytes: 0, rssBytes };
  };
  const samples = Array.from({ length: loadS + 1 }, (_, atS) => at(atS));
  const draining = Array.from({ length: retentionS + 10 }, (_, index) => at(loadS + 1 + index));
  const before = { ...at(0), redisBytes: 6 * MB };
  return { retentionMs: retentionS * 1_000, inFlight: 0, before, samples, draining, left: [{ kind: 'finished job', keys: 9_000, bytes: 13 * MB }] };
}

const missed = (run: Soaked): readonly string[] => soakVerdicts(run).flatMap(({ what, isMet }) => (isMet ? [] : [what]));

test('what is flat but for the number of workflows that are kept is flat', () => {
  const verdicts = soakVerdicts(soaked());
  expect(verdicts).toHaveLength(6);
  expect(missed(soaked())).toEqual([]);
});

test('a leak is seen beside them', () => {
  // 2 MB, and 1,200 keys, in four minutes, while half of what is kept goes.
  expect(missed(soaked({ redisBytesPerS: 8_000, keysPerS: 5 }))).toEqual(['Redis memory, growth after warm-up', 'Redis keys, growth after warm-up']);
  expect(missed(soaked({ rssPerS: 0.4 * MB }))).toEqual(['RSS of the orchestrator, growth of its peak']);
});

test('a process that gives memory back and takes it again has not grown', () => {
  const run = soaked();
  const shrunk = run.samples.map((one) => (one.atS > 100 && one.atS < 180 ? { ...one, rssBytes: { ...one.rssBytes, orchestrator: 180 * MB } } : one));
  expect(missed({ ...run, samples: shrunk })).toEqual([]);
});

test('what is left in the end is counted', () => {
  const run = soaked();
  expect(missed({ ...run, left: [{ kind: 'workflow', keys: 1, bytes: 100 }, ...run.left] })).toEqual(['keys of workflows left in the end']);
  const [kind, keys] = ['finished job', 12_000] as const;
  expect(missed({ ...run, left: [{ kind, keys, bytes: 13 * MB }] })).toEqual(['keys of finished jobs left in the end']);
  expect(missed({ ...run, left: [] })).toEqual(['Redis memory left in the end beside those jobs']);
});

test('too short a soak says nothing of growth', () => {
  const run = soaked();
  const verdicts = soakVerdicts({ ...run, samples: run.samples.filter(({ atS }) => atS < 70) });
  expect(verdicts.map(({ unit }) => unit)).toEqual(['keys', 'keys', 'MiB']);
});

test.each([
  [[], 0],
  [[[1, 5]], 0],
  [
    [
      [0, 1],
      [1, 3],
      [2, 5],
    ],
    2,
  ],
  [
    [
      [0, 0],
      [1, 3],
      [2, 0],
    ],
    0,
  ],
] as const)('the line of %j rises by %d', (points, expected) => {
  expect(slope(points)).toBe(expected);
});

test.each([
  ['wf:w1:events', 'workflow'],
  ['idx:type:t:completed', 'workflow'],
  ['cap.data.fetch:once:w1~s0~0', 'workflow'],
  ['cap.data.fetch:w1~s0~0', 'finished job'],
  ['cap.data.fetch:w1~s0~0:processed', 'finished job'],
  ['workflows:17', 'finished job'],
  ['workflows:events', 'queue'],
  ['cap.bench.c1:completed', 'queue'],
  ['res.bench.c1.4', 'reply'],
  ['type:bench_soak', 'deployment'],
] as const)('%s is of the kind %s', (name, kind) => {
  expect(kindOf(name)).toBe(kind);
});

test('completions are read from the metrics of one type', () => {
  const metrics = 'workflow_completions_total{workflow_type="a",status="success"} 12\nworkflow_completions_total{workflow_type="a",status="failure"} 3\n';
  expect([completionsIn(metrics, 'a'), completionsIn(metrics, 'b')]).toEqual([12, 0]);
});

test('the flags are those of a soak of a minute by default, and all that is wrong with them is told at once', () => {
  expect(parseSoakOptions([])).toMatchObject({ workflows: 100_000, retention: 60_000, 'in-flight': 200, every: 1_000 });
  expect(parseSoakOptions(['--retention', '2m', '--every', '250ms'])).toMatchObject({ retention: 120_000, every: 250 });
  expect(() => parseSoakOptions(['--retention', '1', '--workflows', '0', '--every', '1ms'])).toThrow(/--workflows.*\n--retention.*\n--every/);
  expect(() => parseSoakOptions(['--nonsense'])).toThrow(/Usage/);
});
