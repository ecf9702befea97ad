/** Who may import what (ARCHITECTURE.md, "Code map"). The check itself is pure: a path, its text and the table in, what is wrong out. */
import { parseSync } from 'oxc-parser';

/** `'x'`: may import x; `'x (types)'`: only with `import type`; `'node:*'`: everything that Node brings. */
export type Allowed = readonly string[];

export interface Arrows {
  /** By the package's folder name; what is not listed is forbidden. */
  readonly packages: Readonly<Record<string, Allowed>>;
  /** What tests of any package may import on top. */
  readonly tests: Allowed;
  /** Packages that only these folders may import. */
  readonly only: Readonly<Record<string, readonly string[]>>;
  /** Packages that no app may import outside its tests, but for the folders named. */
  readonly notInApps: Readonly<Record<string, readonly string[]>>;
}

interface Import {
  readonly from: string;
  readonly isType: boolean;
}

/** Tests, and what only tests use: `redis-under-test.ts`, `fixture/app.ts`. */
function isForTests(path: string): boolean {
  return /(\.test(-d)?|-under-test|\/fixture\/[^/]*)\.ts$/.test(path);
}

/** All that is wrong with the imports of one file. `path` is relative to the checkout: `packages/core/src/graph.ts`. */
export function arrowProblems(path: string, text: string, arrows: Arrows): readonly string[] {
  const [kind = '', folder = ''] = path.split('/');
  const isTest = isForTests(path);
  return imports(path, text).flatMap((found) => {
    const why = found.from.startsWith('.') ? strays(path, found.from, isTest) : forbidden(kind, folder, isTest, found, arrows);
    return why === null ? [] : [`${path} imports ${found.from}: ${why}`];
  });
}

/** A relative import stays below its own `src` (but for its own manifest), and out of its tests. */
function strays(path: string, from: string, isTest: boolean): string | null {
  const home = path.split('/').slice(0, 3).join('/');
  const target = new URL(from, `file:///${path}`).pathname.slice(1);
  if (target === `${home.slice(0, -'/src'.length)}/package.json`) return null;
  if (!target.startsWith(`${home}/`)) return 'another package is imported by its name, and nothing outside src but its own package.json';
  return !isTest && isForTests(target) ? 'it is for tests' : null;
}

function forbidden(kind: string, folder: string, isTest: boolean, { from, isType }: Import, arrows: Arrows): string | null {
  const name = packageName(from);
  const owners = arrows.only[name];
  if (owners !== undefined && !owners.includes(folder)) return `only ${owners.join(' and ')} may`;
  if (isTest && permits(arrows.tests, name, isType)) return null;
  if (kind === 'apps') {
    if (name.startsWith('@baton/') && !(name.slice('@baton/'.length) in arrows.packages)) return 'apps import packages, never apps';
    const except = isTest ? undefined : arrows.notInApps[name];
    return except === undefined || except.includes(folder) ? null : 'it is for tests';
  }
  const allowed = arrows.packages[folder];
  if (allowed === undefined) return `${folder} is not in the table: add it with what it may import`;
  if (permits(allowed, name, isType)) return null;
  return permits(allowed, name, true) ? 'only its types: write "import type"' : `${folder} may import ${allowed.join(', ') || 'nothing'}`;
}

function permits(allowed: Allowed, name: string, isType: boolean): boolean {
  const names = name.startsWith('node:') ? [name, 'node:*'] : [name];
  return names.some((each) => allowed.includes(each) || (isType && allowed.includes(`${each} (types)`)));
}

/** `@baton/core/x` → `@baton/core`, `ajv/dist/2020.js` → `ajv`, `node:fs/promises` → `node:fs` */
function packageName(from: string): string {
  return from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');
}

function imports(path: string, text: string): readonly Import[] {
  const { module, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors.map(({ message }) => message).join('; ')}`);
  // `import { type X }` loads the module all the same, so only the whole statement counts as a type import.
  const isType = (start: number, end: number): boolean => /^(import|export)\s+type\b/.test(text.slice(start, end));
  return [
    ...module.staticImports.map(({ moduleRequest, start, end }) => ({ from: moduleRequest.value, isType: isType(start, end) })),
    ...module.staticExports.flatMap(({ entries, start, end }) =>
      entries.slice(0, 1).flatMap(({ moduleRequest }) => (moduleRequest ? [{ from: moduleRequest.value, isType: isType(start, end) }] : [])),
    ),
    ...module.dynamicImports.map(({ moduleRequest }) => ({ from: literal(text.slice(moduleRequest.start, moduleRequest.end)), isType: false })),
  ];
}

/** The text of a string literal; of anything computed, its source, which no table allows. */
function literal(source: string): string {
  return /^(['"`])(.*)\1$/s.exec(source)?.[2] ?? source;
}
