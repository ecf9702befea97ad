import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { ensureProgram, findProgram } from './system-package.ts';

const base = mkdtempSync(join(tmpdir(), 'baton-programs-'));
afterAll(() => rmSync(base, { recursive: true }));

/** A folder with these shell scripts as programs. */
function folder(name: string, programs: Readonly<Record<string, string>>): string {
  const dir = join(base, name);
  mkdirSync(dir);
  for (const [program, script] of Object.entries(programs)) {
    writeFileSync(join(dir, program), `#!/bin/sh\n${script}\n`);
    chmodSync(join(dir, program), 0o755);
  }
  return dir;
}

const wanted = { title: 'A test server', programs: ['test-server'], names: { 'apt-get': 'test-package' } } as const;

test('finds the first program that can be run', () => {
  const first = folder('first', { b: '' });
  const second = folder('second', { a: '', b: '' });
  writeFileSync(join(first, 'a'), 'not executable');
  expect(findProgram(['a', 'b'], `${first}:${second}`)).toBe(join(second, 'a'));
  expect(findProgram(['c', 'b'], `${first}:${second}`)).toBe(join(first, 'b'));
  expect(findProgram(['c', join(second, 'a')], first)).toBe(join(second, 'a'));
  expect(findProgram(['c'], `${first}:${second}`)).toBeNull();
});

test('installs what is missing with the package manager, and shows it', () => {
  const bin = folder('manager', { id: 'exit 0' });
  const install = `[ "$1" = install ] || exit 100; /bin/cp ${join(bin, 'id')} ${join(bin, 'test-server')}`;
  writeFileSync(join(bin, 'apt-get'), `#!/bin/sh\n${install}\n`, { mode: 0o755 });
  writeFileSync(join(bin, 'sudo'), '#!/bin/sh\nshift; "$@"\n', { mode: 0o755 });
  writeFileSync(join(bin, 'true'), '#!/bin/sh\n', { mode: 0o755 });
  vi.stubEnv('PATH', bin);
  const said: string[] = [];
  expect(ensureProgram(wanted, (line) => said.push(line))).toBe(join(bin, 'test-server'));
  expect(said.join('\n')).toMatch(/\$ .*apt-get update -q\n\$ .*apt-get install .*test-package/);
  vi.unstubAllEnvs();
});

test('says what to install where it cannot', () => {
  vi.stubEnv('PATH', folder('bare', {}));
  const said: string[] = [];
  expect(ensureProgram(wanted, (line) => said.push(line))).toBeNull();
  expect(said).toEqual(['A test server is missing: install one so that test-server is on the PATH.']);
  vi.unstubAllEnvs();
});
