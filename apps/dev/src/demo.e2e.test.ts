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
