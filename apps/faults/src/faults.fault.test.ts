/** The suite of faults, as long as CI has time for. `FAULTS_SEED=<n>` draws the same again, `FAULTS_MINUTES=<n>` goes on for longer. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Report } from './report.ts';

const { FAULTS_SEED: seed, FAULTS_MINUTES: minutes = '0.9' } = process.env;
/** What comes after the faults: the drain, the retention, the end of all processes. */
const restMs = 240_000;

async function suite(args: readonly string[]): Promise<{ readonly report: Report; readonly said: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGTERM'));
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.on('data', (chunk) => out.push(String(chunk)));
  child.stderr.on('data', (chunk) => err.push(String(chunk)));
  await once(child, 'close');
  const said = err.join('');
  if (out.length === 0) expect.fail(said);
  return { report: JSON.parse(out.join('')) as Report, said };
}

test('nothing is lost, done twice, or left over, whatever dies', { timeout: Number(minutes) * 60_000 + restMs }, async () => {
  const { report } = await suite(['--json', '--minutes', minutes, ...(seed === undefined ? [] : ['--seed', seed])]);
  console.log(`seed ${report.seed}: ${report.ended} workflows, ${report.subtasks} subtasks, faults ${JSON.stringify(report.faults)}`);
  expect(report.findings.first, `FAULTS_SEED=${report.seed}, logs in ${report.logs}`).toEqual([]);
  expect(report.ended).toBe(report.accepted);
  // It has tried.
  expect(report.ended).toBeGreaterThan(20);
  expect(Object.values(report.faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(10);
});
