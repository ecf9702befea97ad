import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');
const usage = readFileSync(join(import.meta.dirname, '../usage.txt'), 'utf8');

function dev(...args: readonly string[]) {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
}

test('every command of the table is in the usage, and the other way round', () => {
  const table = /const commands[^{]*\{([^}]*)\}/.exec(readFileSync(main, 'utf8'))?.[1] ?? '';
  const named = [...table.matchAll(/^ +(?:'([^']+)'|(\w+))[,:]/gm)].map((match) => match[1] ?? match[2]);
  const told = [...usage.matchAll(/^ {2}([\w:]+)/gm)].map((match) => match[1]).filter((word) => word !== 'help');
  expect(named.length).toBeGreaterThan(4);
  expect(new Set(told)).toEqual(new Set(named));
});

test.each(['nonsense', 'constructor'])('an unknown command, %s, is bad input and shows the usage', (name) => {
  const { status, stdout, stderr } = dev(name);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(`there is no "${name}"`);
  expect(stderr).toContain(usage);
});

test.each([
  [['up', '--workers', 'many'], /--workers is a number from 0 to 64, not "many"/],
  [['up', '--nonsense'], /Unknown option '--nonsense'/],
  [['demo', 'what'], /there is no demo "what"/],
  [['demo', 'constructor'], /there is no demo "constructor"/],
  [['demo', 'sales', 'code'], /there is no demo "sales code"/],
])('%j is bad input', (args, message) => {
  const { status, stderr } = dev(...args);
  expect(status).toBe(2);
  expect(stderr).toMatch(message);
});

test('every demo is in the help of demo and in the usage', () => {
  const { status, stdout } = dev('demo', '--help');
  expect(status).toBe(0);
  for (const name of ['sales', 'feedback', 'content', 'enrichment', 'code']) {
    expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(usage).toContain(name);
  }
});
