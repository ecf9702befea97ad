import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { msByPackage, packageOf, profileName, selfTimesIn } from './profile.ts';

const modules = 'file:///a/baton/node_modules/.pnpm';

test.each([
  ['get', '5', `${modules}/ioredis@6.0.0/node_modules/ioredis/built/Redis.js`, 'ioredis'],
  ['get', '5', `${modules}/bullmq@6.7.0_x/node_modules/@scope/inner/dist/a.js`, '@scope/inner'],
  ['decide', '5', 'file:///a/baton/packages/core/src/decide.ts', 'packages/core'],
  ['run', '5', 'file:///a/baton/apps/bench/src/worker-main.ts', 'apps/bench'],
  ['onread', '5', 'node:internal/streams/readable', 'node:internal/streams'],
  ['connect', '5', 'node:net', 'node:net'],
  ['read', '5', 'node:fs/promises', 'node:fs'],
  ['strip', '5', 'wasm://wasm/00ad0bc6', 'WebAssembly'],
  ['leash', '5', 'data:text/javascript,process', 'other'],
  ['writeUtf8String', '0', '', 'native writeUtf8String'],
  ['RegExp: "a:b"', '0', '', 'native RegExp'],
  ['', '0', '', 'native'],
  ['validate12', '7', '', 'ajv, generated'],
  ['', '7', '', 'generated'],
  ['(garbage collector)', '0', '', 'gc'],
  ['(program)', '0', '', 'outside of JavaScript'],
  ['(idle)', '0', '', null],
  ['(root)', '0', '', null],
])('%s of script %s at %j is of %s', (functionName, scriptId, url, expected) => {
  expect(packageOf({ functionName, scriptId, url })).toBe(expected);
});

const frame = (functionName: string, url: string) => ({ functionName, scriptId: '1', url, lineNumber: 0, columnNumber: 0 });
const profile = {
  nodes: [
    { id: 1, callFrame: frame('(root)', ''), children: [2, 3, 4] },
    { id: 2, callFrame: frame('(idle)', '') },
    { id: 3, callFrame: frame('one', 'file:///a/packages/core/src/one.ts'), hitCount: 2 },
    { id: 4, callFrame: frame('two', 'file:///a/packages/core/src/two.ts') },
    { id: 5, callFrame: frame('send', 'node:net') },
  ],
  startTime: 0,
  endTime: 9_000,
  samples: [2, 3, 4, 5, 3],
  timeDeltas: [5_000, 1_000, 500, 4_000, 250],
};

test('a sample counts as long as it lasted, for the function it was in, and idle time for none', () => {
  expect(msByPackage(JSON.stringify(profile))).toEqual({ 'node:net': 4, 'packages/core': 1.75 });
});

test('what is no profile is no empty one', () => {
  expect(() => msByPackage('{"nodes":[]}')).toThrow();
});

test('the repeats of a process are added up, those of others are not', () => {
  const folder = mkdtempSync(join(tmpdir(), 'baton-profile-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of [profileName('raw-flow', 'worker', 1), profileName('raw-flow', 'worker', 2), profileName('baton', 'worker', 1)]) {
    writeFileSync(join(folder, name), JSON.stringify(profile));
  }
  const times = Object.fromEntries(selfTimesIn(folder).map((each) => [each.process, each]));
  expect(times['raw-flow worker']).toEqual({ process: 'raw-flow worker', busyMs: 11.5, ms: { 'node:net': 8, 'packages/core': 3.5 } });
  expect(times['baton worker']?.busyMs).toBe(5.75);
});
