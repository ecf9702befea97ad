/** What the README promises first: one command, a live table, a report. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('./dev demo runs the workflow and ends with its headline, its report, and the time it took', async () => {
  const demo = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), 'demo'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  demo.stdout.on('data', (chunk: Buffer) => (output += String(chunk)));
  let errors = '';
  demo.stderr.on('data', (chunk: Buffer) => (errors += String(chunk)));
  const [code] = await once(demo, 'close');
  expect([code, errors]).toEqual([0, expect.stringMatching(/^dev: Redis: .*; starting orchestrator, API and two workers of each kind\n$/)]);
  for (const subtask of ['fetch', 'clean', 'kpis', 'charts', 'report']) expect(output).toMatch(new RegExp(`${subtask} +completed`));

  const ending =
    /✓ completed in \d+\.\ds\n\n(?<headline>US gross of .*)\n {2}report {2}(?<html>\/.*)\n {2}e-mail {2}(?<eml>\/.*)\n {2}time {4}\d+\.\d s in all\n$/;
  const { headline = '', html = '', eml = '' } = ending.exec(output)?.groups ?? {};
  expect(headline, output).not.toBe('');
  const words = (text: string): string => text.replace(/\s+/gu, ' ');
  expect(words(await readFile(html, 'utf8')).includes(words(headline))).toBe(true);
  expect(await readFile(eml, 'utf8')).toMatch(/^MIME-Version: 1\.0$/m);
  expect(output.split('\n').length).toBeLessThan(50);
});

test.each([
  [
    'feedback',
    ['fetch', 'clean', 'sentiment', 'topics', 'report'],
    /^\d\d% of 121 messages are negative, and billing comes first$/m,
    ['feedback.html', 'feedback.json'],
  ],
  ['content', ['outline', 'draft', 'edit', 'format'], /^“How to run a tool library”, \d+ words, \d+ corrections$/m, ['article.html', 'article.md']],
  ['enrichment', ['credit', 'address', 'parts', 'profile'], /^Clara Hoffmann: May buy on account/m, ['profile.html', 'profile.json']],
  ['code', ['refine', 'publish'], /^Good enough after \d rounds: 0\.\d\d → .*1\.00$/m, ['refinement.html', 'slugify.mjs']],
])('./dev demo %s ends in files that a person can open', async (name, subtasks, headline, files) => {
  const demo = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), 'demo', name], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [demo.stdout, demo.stderr]) stream.on('data', (chunk: Buffer) => (output += String(chunk)));
  const [code] = await once(demo, 'close');
  expect(code, output).toBe(0);
  for (const subtask of subtasks) expect(output).toMatch(new RegExp(`${subtask} +completed`));
  expect(output).toMatch(headline);
  const paths = [...output.matchAll(/^ {2}\w+ +(\/.*)$/gm)].map(([, path]) => path as string);
  expect(paths.map((path) => path.split('/').at(-1))).toEqual(files);
  for (const path of paths) expect((await readFile(path, 'utf8')).length).toBeGreaterThan(200);
});
