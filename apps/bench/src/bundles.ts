/** What is measured is what production runs: every process from a bundle, Baton's and the rivals', made by the script that makes those of the images. */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

const script = join(import.meta.dirname, '../../dev/src/bundle.ts');
/** Not beside the packages that stay outside a bundle: what loads them only when it is asked for them is not asked here. */
const folder = join(import.meta.dirname, '../../../.baton/bench/bundles', String(process.pid));
const made = new Map<string, Promise<string>>();

/**
 * Made once in a run, and gone with it.
 *
 * @param main a main of an app, in TypeScript
 * @returns its bundle
 */
export function bundleOf(main: string): Promise<string> {
  if (made.size === 0) process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const bundle = made.get(main) ?? make(main);
  made.set(main, bundle);
  return bundle;
}

async function make(main: string): Promise<string> {
  const app = dirname(dirname(main));
  const to = join(folder, `${basename(app)}-${basename(main, '.ts')}`);
  await promisify(execFile)(process.execPath, [script, relative(app, main), to], { cwd: app });
  return join(to, 'main.js');
}
