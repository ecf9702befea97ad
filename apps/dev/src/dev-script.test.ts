/** The script ./dev in a checkout of stand-ins: what it fetches and when, without a network. `npm`, `pnpm` and old Nodes are shell scripts that note what they were asked. */
import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from './checkout.ts';

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let base: string;
let checkout: string;
let bin: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'baton dev '));
  checkout = join(base, 'the checkout');
  bin = join(base, 'bin');
  for (const dir of [join(checkout, 'apps/dev/src'), join(checkout, 'node_modules'), bin]) mkdirSync(dir, { recursive: true });
  copyFileSync(join(root, 'dev'), join(checkout, 'dev'));
  writeFileSync(join(checkout, 'apps/dev/usage.txt'), 'the usage\n');
  writeFileSync(join(checkout, 'pnpm-lock.yaml'), 'lock 1\n');
  for (const tool of ['cat', 'cmp', 'cp', 'dirname', 'ln', 'mkdir', 'mv', 'readlink', 'rm', 'rmdir', 'sleep', 'sh']) {
    const real = ['/bin', '/usr/bin'].map((dir) => join(dir, tool)).find(existsSync);
    if (real !== undefined) symlinkSync(real, join(bin, tool));
  }
});

afterEach(() => rmSync(base, { recursive: true }));

function program(path: string, script: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

const noting = (name: string): string => `echo "${name} $*" >>"$CALLS"`;
const node = (version: string): string => `case $1 in
  --version) echo v${version} ;;
  -p) echo "$2" | grep -q '"node-"' && echo node-test-x || echo test-x ;;
  *) ${noting('node')}; for arg; do echo "arg: $arg"; done ;;
esac`;

/** An npm that brings a Node 24 and a pnpm 12 where the real one would put them. */
const npm = `${noting('npm')}
while [ "$1" != --prefix ]; do shift; done
to=$2
put() { mkdir -p "$(dirname "$1")"; cp "$2" "$1"; }
put "$to/node_modules/node-test-x/bin/node" "$BASE/node24"
put "$to/node_modules/@pnpm/exe.test-x/pnpm" "$BASE/pnpm12"`;

function machine(versions: { readonly node?: string; readonly pnpm?: string; readonly npm?: string }): void {
  symlinkSync('/bin/grep', join(bin, 'grep'));
  program(join(base, 'node24'), node('24.9.0'));
  program(join(base, 'pnpm12'), `[ "$1" = --version ] && echo 12.21.0 || ${noting('pnpm')}`);
  if (versions.node) program(join(bin, 'node'), node(versions.node));
  if (versions.pnpm) program(join(bin, 'pnpm'), `[ "$1" = --version ] && echo ${versions.pnpm} || ${noting('pnpm')}`);
  if (versions.npm) program(join(bin, 'npm'), versions.npm);
}

function dev(args: readonly string[], script = join(checkout, 'dev')): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(script, args, { cwd: base, env: { PATH: bin, BASE: base, CALLS: join(base, 'calls') } }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr });
    });
  });
}

function calls(): readonly string[] {
  const path = join(base, 'calls');
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  rmSync(path, { force: true });
  return lines.map((line) => line.split(' ').slice(0, 2).join(' '));
}

test.each([[[]], [['help']], [['--help']]])('%j prints the usage and sets nothing up', async (args) => {
  machine({});
  expect(await dev(args)).toEqual({ code: 0, stdout: 'the usage\n', stderr: '' });
  expect(existsSync(join(checkout, '.baton'))).toBe(false);
});

test('with an old Node it brings Node and pnpm, installs, hands the arguments over, and does nothing of that again', async () => {
  machine({ node: '20.1.0', npm });
  const first = await dev(['up', '--workers', 'two words']);
  expect(first).toMatchObject({ code: 0, stdout: `arg: ${checkout}/apps/dev/src/main.ts\narg: up\narg: --workers\narg: two words\n` });
  expect(calls()).toEqual(['npm install', 'npm install', 'pnpm --dir', `node ${checkout.split(' ')[0]}`]);

  expect(await dev(['up'])).toMatchObject({ code: 0, stderr: '' });
  expect(calls()).toEqual([`node ${checkout.split(' ')[0]}`]);

  writeFileSync(join(checkout, 'pnpm-lock.yaml'), 'lock 2\n');
  await dev(['up']);
  expect(calls()[0]).toBe('pnpm --dir');
});

test('it takes what the machine has where that is new enough', async () => {
  machine({ node: '25.0.0', pnpm: '12.0.0' });
  expect(await dev(['up'])).toMatchObject({ code: 0 });
  expect(calls()).toEqual(['pnpm --dir', `node ${checkout.split(' ')[0]}`]);
});

test('it works through a symbolic link', async () => {
  machine({ node: '24.0.0', pnpm: '12.0.0' });
  symlinkSync('the checkout/dev', join(base, 'link'));
  expect(await dev(['up'], join(base, 'link'))).toMatchObject({ code: 0, stdout: `arg: ${checkout}/apps/dev/src/main.ts\narg: up\n` });
});

test.each([
  ['no Node', {}, /Node is missing or older than 18/],
  ['a Node that is too old', { node: '16.0.0', npm }, /Node is missing or older than 18/],
  ['no npm', { node: '20.0.0' }, /npm is missing/],
  [
    'no network',
    { node: '20.0.0', npm: 'echo "ENOTFOUND registry" >&2; exit 1' },
    /ENOTFOUND registry\n.*npm could not get node-test-x@24.*registry reachable/s,
  ],
] as const)('it says what to do with %s', async (_, versions, message) => {
  machine(versions);
  const outcome = await dev(['up']);
  expect(outcome).toMatchObject({ code: 1, stdout: '' });
  expect(outcome.stderr).toMatch(message);
  expect(existsSync(join(checkout, '.baton/setup.lock'))).toBe(false);
});

test('two at once set up once', async () => {
  machine({ node: '20.1.0', npm: `sleep 0.2\n${npm}` });
  const outcomes = await Promise.all([dev(['up']), dev(['up'])]);
  expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
  expect(calls().filter((call) => !call.startsWith('node'))).toEqual(['npm install', 'npm install', 'pnpm --dir']);
});

test('the lock of a run that was killed is taken over', async () => {
  machine({ node: '24.0.0', pnpm: '12.0.0' });
  mkdirSync(join(checkout, '.baton'));
  symlinkSync('99999999', join(checkout, '.baton/setup.lock'));
  expect(await dev(['up'])).toMatchObject({ code: 0 });
});
