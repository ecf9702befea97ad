/** Holds the README's table of what happens when what dies to the repository: each line links to a test by its title, and that test is there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './checkout.ts';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const section = readme.split('\n## ').find((part) => part.startsWith('What is guaranteed when what dies')) ?? '';
const rows = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| dies '));

interface Link {
  readonly path: string;
  readonly title: string;
}

/** `[shown](path "title of the test")` */
function linksIn(row: string): readonly Link[] {
  return [...row.matchAll(/\]\(([^ )]+) "([^"]+)"\)/g)].map(([, path, title]) => ({ path: String(path), title: String(title) }));
}

test('each line links to a test', () => {
  expect(rows.length).toBeGreaterThan(6);
  expect(rows.filter((row) => linksIn(row).length === 0)).toEqual([]);
});

test('each link leads to a test with that title', () => {
  const broken = rows.flatMap(linksIn).filter(({ path, title }) => !isTitleIn(path, title));
  expect(broken).toEqual([]);
});

function isTitleIn(path: string, title: string): boolean {
  const file = join(root, path);
  return path.endsWith('.test.ts') && existsSync(file) && readFileSync(file, 'utf8').includes(`'${title}'`);
}
