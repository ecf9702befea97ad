/** Programs that npm cannot bring: found on the PATH, or installed with the system's package manager where that needs no password. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface SystemPackage {
  /** For messages: `Redis`. */
  readonly title: string;
  /** Any of these will do; the first found is taken. A name is looked for on the PATH. */
  readonly programs: readonly string[];
  /** What it is called by each package manager. */
  readonly names: Readonly<Partial<Record<ManagerName, string>>>;
}

type ManagerName = 'apt-get' | 'dnf' | 'apk' | 'pacman' | 'brew';

const installs: Readonly<Record<ManagerName, readonly (readonly string[])[]>> = {
  'apt-get': [
    ['apt-get', 'update', '-q'],
    ['apt-get', 'install', '-q', '-y', '--no-install-recommends'],
  ],
  dnf: [['dnf', 'install', '-y']],
  apk: [['apk', 'add']],
  pacman: [['pacman', '-S', '--noconfirm', '--needed']],
  brew: [['brew', 'install']],
};

export const redisServer: SystemPackage = {
  title: 'a Redis server',
  programs: ['redis-server', 'valkey-server'],
  names: { 'apt-get': 'redis-server', dnf: 'valkey', apk: 'redis', pacman: 'valkey', brew: 'redis' },
};

export const chromium: SystemPackage = {
  title: 'Chromium',
  programs: [
    'chromium',
    'chromium-browser',
    'google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ],
  names: { 'apt-get': 'chromium', dnf: 'chromium', apk: 'chromium', pacman: 'chromium' },
};

/** Path of the first of the programs that is here, or null. */
export function findProgram(programs: readonly string[], path = process.env['PATH'] ?? ''): string | null {
  const candidates = programs.flatMap((program) => (program.startsWith('/') ? [program] : path.split(delimiter).map((dir) => join(dir, program))));
  return candidates.find(isExecutable) ?? null;
}

/** Its path, after installing it if need be; null where that is not possible, which has then been said. */
export function ensureProgram(wanted: SystemPackage, say: (line: string) => void): string | null {
  const found = findProgram(wanted.programs);
  if (found !== null) return found;
  const manager = (Object.keys(installs) as ManagerName[]).find((name) => wanted.names[name] !== undefined && findProgram([name]) !== null);
  const name = manager && wanted.names[manager];
  const asRoot = manager && rootPrefix(manager);
  if (!manager || !name || !asRoot) {
    say(
      `${wanted.title} is missing${manager ? ` and installing it needs a password: run "sudo ${manager} install ${name}"` : ': install one'} so that ${wanted.programs[0]} is on the PATH.`,
    );
    return null;
  }
  for (const [index, command] of installs[manager].entries()) {
    const isLast = index === installs[manager].length - 1;
    run([...asRoot, ...command, ...(isLast ? [name] : [])], say);
  }
  const installed = findProgram(wanted.programs);
  if (installed === null) say(`${manager} could not install ${wanted.title} (above): install it yourself so that ${wanted.programs[0]} is on the PATH.`);
  return installed;
}

/** What to put before a command so that it may install; null if only a password would do. */
function rootPrefix(manager: ManagerName): readonly string[] | null {
  if (manager === 'brew' || process.getuid?.() === 0) return [];
  return findProgram(['sudo']) !== null && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : null;
}

/** A failure shows in whether the program is there afterwards: `update` may fail for a source that does not matter. */
function run(command: readonly string[], say: (line: string) => void): void {
  say(`$ ${command.join(' ')}`);
  const [program = '', ...args] = command;
  spawnSync(program, args, { stdio: ['ignore', 2, 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
