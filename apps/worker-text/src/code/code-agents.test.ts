/** The reviewer runs a real linter and a real test run, on drafts of every kind: good, bad, endless, hostile. */
import { cp, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type Agents, startAgents } from '../fixture/agents.ts';
import { scoreOf } from './review-agent.ts';
import { runTests } from './test-run.ts';

const spec = {
  name: 'shout',
  parameter: 'text',
  goal: 'Makes a text loud.',
  examples: [
    { args: ['a'], returns: 'A' },
    { args: ['b c'], returns: 'B C' },
    { args: [1], throws: 'TypeError' },
  ],
};

async function setUp() {
  const agents = await startAgents([]);
  onTestFinished(() => agents[Symbol.asyncDispose]());
  return agents;
}

async function review(agents: Agents, source: string, options: { readonly signal?: AbortSignal } = {}) {
  return (await agents.call('code.review', { spec, draft: { source, parts: [], repairs: [] } }, options)).output;
}

const good = "export function shout(text) {\n  if (typeof text !== 'string') throw new TypeError('a text, please');\n  return text.toUpperCase();\n}\n";

test('a good draft passes every test, has no problems, and its folder is gone', async () => {
  const agents = await setUp();
  // Other tests review drafts at the same time: here is who looks at nobody's folders but its own.
  const own = await mkdtemp(join(tmpdir(), 'baton-test-'));
  onTestFinished(() => rm(own, { recursive: true }));
  vi.stubEnv('TMPDIR', own);
  onTestFinished(() => void vi.unstubAllEnvs());
  const output = await review(agents, good);
  expect(output).toMatchObject({ quality_score: 1, feedback: { passed: 3, tests: 3, failures: [], problems: [] }, history: [{ round: 1, quality_score: 1 }] });
  expect(await readdir(own)).toEqual([]);
});

test('real diagnostics: which example failed with which value, and which rule was broken where', async () => {
  const output = await review(
    await setUp(),
    'export function shout(text) {\n  var unused = 1;\n  if (text == null) return text;\n  return text.toUpperCase ? text + "" : text;\n}\n',
  );
  expect(output.feedback.failures).toMatchObject([
    { example: 0, actual: 'a', error: 'AssertionError' },
    { example: 1, actual: 'b c' },
    { example: 2, error: 'AssertionError', message: expect.stringContaining('Missing expected exception') },
  ]);
  const rules = output.feedback.problems.map(({ rule, line }: { rule: string; line: number }) => `${rule} ${line}`);
  expect(rules).toEqual(expect.arrayContaining(['eslint(no-var) 2', 'eslint(no-unused-vars) 2', 'eslint(eqeqeq) 3']));
  expect(output.quality_score).toBeLessThan(0.3);
});

test.each<[string, string, RegExp]>([
  ['does not parse', 'export function shout(text {', /Unexpected|missing/i],
  ['exports nothing', 'const shout = 1;\nvoid shout;\n', /exports no function shout/],
  ['throws when it is loaded', "throw new Error('no way');\n", /no way/],
])('a draft that %s fails all its tests', async (_, source, message) => {
  const output = await review(await setUp(), source);
  expect(output.feedback).toMatchObject({ passed: 0, tests: 3 });
  expect(output.feedback.failures[0].message).toMatch(message);
  expect(output.quality_score).toBeLessThan(0.9);
});

/** Right in all that it answers; so that what keeps it from passing is the guard, and nothing else. */
const right = "export const shout = (text) => {\n  if (typeof text !== 'string') throw new TypeError('no text');\n  return text.toUpperCase();\n};\n";
const needs = (what: string): string => `if (typeof ${what} === 'undefined') throw new Error('no ${what}');\n${right}`;

test.each<[string, string]>([
  ['imports', `import 'node:path';\n${right}`],
  ['imports as it goes', `await import('node:net');\n${right}`],
  ['finds the process', needs('process')],
  ['finds the network', needs('fetch')],
  ['finds sockets', needs('WebSocket')],
  ['makes code of text', `new Function('return 1')();\n${right}`],
])('a draft that %s is not run, right as it is', async (_, source) => {
  expect((await review(await setUp(), source)).feedback).toMatchObject({ passed: 0, tests: 3 });
  expect((await review(await setUp(), right)).feedback).toMatchObject({ passed: 3 });
});

test('a draft cannot print what looks like a report, not even after it was tested', async () => {
  const forged = JSON.stringify({ name: '0', passed: true, error: null });
  const source = `export const shout = () => {\n  setTimeout(() => console.log('${forged}'), 20);\n  return 1;\n};\n`;
  expect((await review(await setUp(), source)).feedback).toMatchObject({ passed: 0 });
});

test("without the guard Node's permissions still keep files and programs from a draft", async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'baton-unguarded-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await cp(join(import.meta.dirname, 'sandbox'), folder, { recursive: true });
  await writeFile(join(folder, 'guard.mjs'), '');
  await writeFile(join(folder, 'spec.json'), JSON.stringify(spec));
  const run = async (line: string) => {
    await writeFile(
      join(folder, 'draft.mjs'),
      `import { readFileSync, writeFileSync } from 'node:fs';\nimport { execSync } from 'node:child_process';\n${line};\n${right}`,
    );
    return await runTests(spec, { cwd: folder, timeoutMs: 10_000, signal: new AbortController().signal });
  };
  expect(await run("readFileSync('draft.mjs')")).toEqual([]);
  for (const line of ["readFileSync('/etc/passwd')", "writeFileSync('x', '')", "execSync('id')"]) expect(await run(line), line).toHaveLength(3);
});

test('a draft that never ends is ended', { timeout: 40_000 }, async () => {
  const output = await review(await setUp(), 'export function shout() {\n  for (;;);\n}\n');
  expect(output.feedback).toMatchObject({ passed: 0, failures: [{ message: expect.stringContaining('did not end within') }, {}, {}] });
});

test('an aborted review ends its programs', async () => {
  const attempt = new AbortController();
  const running = review(await setUp(), 'export function shout() {\n  for (;;);\n}\n', { signal: attempt.signal });
  attempt.abort(new Error('time is over'));
  await expect(running).rejects.toThrow('time is over');
});

test('a draft that fails a test is never good enough', () => {
  expect(scoreOf(0.99, [])).toBeLessThan(0.9);
  expect(scoreOf(1, [])).toBe(1);
  expect(scoreOf(1, [{ rule: 'x', message: '', line: 1, severity: 'error' }])).toBeLessThan(0.9);
});

test('the generator takes up what the reviewer found, and says when it knows nothing more', async () => {
  const agents = await setUp();
  const first = (await agents.call('code.generate', { spec })).output;
  const verdict = await review(agents, first.source);
  const second = (await agents.call('code.generate', { spec, previous: first, review: verdict })).output;
  expect(first.repairs).toEqual(['a first, naive draft']);
  expect(second.parts.length).toBeGreaterThan(0);
  const perfect = { ...verdict, feedback: { ...verdict.feedback, failures: [], problems: [] } };
  expect((await agents.call('code.generate', { spec, previous: second, review: perfect })).output).toMatchObject({
    source: second.source,
    repairs: [expect.stringContaining('nothing')],
  });
});

test('a goal cannot end the comment that it stands in', async () => {
  const { output } = await (await setUp()).call('code.generate', { spec: { ...spec, goal: 'x */ process.exit(1) /*' } });
  expect(output.source).toMatch(/^\/\*\* x \* \/ process\.exit\(1\) \/\* \*\/\nexport function shout/);
});

test.each([{ name: 'not a name' }, { examples: [] }, { examples: [{ args: ['a'] }] }])('a spec with %j is bad input', async (change) => {
  await expect((await setUp()).call('code.generate', { spec: { ...spec, ...change } })).rejects.toThrow(/spec/);
});

test('what is published is the draft that was chosen, with its own score', async () => {
  const agents = await setUp();
  const round = { passed: 3, tests: 3, problems: 0, repairs: ['<b>'], source: good };
  const history = [
    { ...round, round: 1, quality_score: 0.8 },
    { ...round, round: 2, quality_score: 0.5, source: 'worse' },
  ];
  const { output } = await agents.call('code.publish', { spec, draft: { source: good, parts: [], repairs: [] }, review: { quality_score: 0.5, history } });
  expect(output).toMatchObject({ quality_score: 0.8, rounds: 2, scores: [0.8, 0.5] });
  expect(await readFile(fileURLToPath(output.source_uri), 'utf8')).toBe(good);
  expect(await readFile(fileURLToPath(output.html_uri), 'utf8')).toContain('&lt;b&gt;');
});
