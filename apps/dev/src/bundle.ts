/**
 * Bundles the app in the current directory to `dist/main.js`, for images: Node refuses to strip types below node_modules. Another main and
 * another folder may be named: `node ../dev/src/bundle.ts src/worker-main.ts /tmp/worker`.
 * Our packages and what they depend on go in, for what goes in can be shaken: half of zod, a third of BullMQ are never used. What the app
 * alone depends on stays outside (natives among it), as a rule. Files that lie beside our sources (Lua scripts) are copied, each package's to a folder of
 * its own, and found there.
 */
import { cpSync, existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { build, type Plugin } from 'rolldown';
import { root } from './checkout.ts';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Goes in though only one app depends on it: plain JavaScript, needed from the start on. */
const inside: ReadonlySet<string> = new Set(['fastify']);

export async function bundle(app: string, main = 'src/main.ts', to = 'dist'): Promise<void> {
  const dir = join(root, 'apps', app);
  const dist = resolve(dir, to);
  const shared = new Set(globSync('packages/*/package.json', { cwd: root }).flatMap((path) => dependenciesIn(join(root, path))));
  const outside = dependenciesIn(join(dir, 'package.json')).filter((name) => !name.startsWith('@baton/') && !shared.has(name) && !inside.has(name));
  await build({
    input: join(dir, main),
    platform: 'node',
    external: outside.map((name) => new RegExp(`^${name}(/|$)`)),
    // CommonJS cannot be shaken; BullMQ and others offer both.
    resolve: { mainFields: ['module', 'main'] },
    // It does not say so itself: its modules do nothing but export, so what is for Postgres can stay out.
    treeshake: { moduleSideEffects: (id) => !id.includes('/node_modules/bullmq/') },
    plugins: [besideSources(dist), asciiOnly],
    output: { dir: dist, entryFileNames: 'main.js', chunkFileNames: 'chunk-[name].js', format: 'esm', sourcemap: true, comments: false, cleanDir: true },
    logLevel: 'warn',
  });
}

function dependenciesIn(manifest: string): readonly string[] {
  const { dependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as Manifest;
  return Object.keys(dependencies);
}

/** One character beyond ASCII, and V8 keeps the whole source with two bytes for each. Without comments they stand in strings and patterns only. */
const asciiOnly: Plugin = {
  name: 'ascii-only',
  // Not in `renderChunk`: what is printed after it writes the characters out again.
  generateBundle(_options, files) {
    for (const file of Object.values(files)) {
      if (file.type === 'chunk') file.code = file.code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    }
  },
};

/** Lets a module of ours find, in the bundle, the files that it finds beside itself in the sources. */
function besideSources(dist: string): Plugin {
  const sources = new Set<string>();
  return {
    name: 'beside-sources',
    transform(code, id) {
      const [kind = '', folder = '', src = '', ...path] = relative(root, id).split(sep);
      if (!['packages', 'apps'].includes(kind) || src !== 'src') return null;
      sources.add(join(root, kind, folder, src));
      // Chunks all lie directly in `dist`, so that this holds in each of them.
      const place = JSON.stringify(`./${[folder, ...path].join('/')}`);
      const url = `new URL(${place}, import.meta.url)`;
      const replaced = code.replace(/\bimport\.meta\.(url|dirname|filename)\b/g, (_, what: string) =>
        what === 'url' ? `${url}.href` : `process.getBuiltinModule('node:url').fileURLToPath(${what === 'dirname' ? `new URL('.', ${url})` : url})`,
      );
      return replaced === code ? null : { code: replaced, map: null };
    },
    writeBundle() {
      for (const source of sources) {
        const beside = globSync('**/*', { cwd: source, withFileTypes: true }).filter((entry) => entry.isFile() && !entry.name.endsWith('.ts'));
        for (const { parentPath, name } of beside) {
          const path = join(parentPath, name);
          cpSync(path, join(dist, basename(dirname(source)), relative(source, path)));
        }
      }
    },
  };
}

if (import.meta.main) {
  const app = basename(process.cwd());
  const [main = 'src/main.ts', to] = process.argv.slice(2);
  if (!existsSync(join(root, 'apps', app, main))) throw new Error(`bundle.ts is run in the folder of an app that has a ${main}, not in ${process.cwd()}`);
  await bundle(app, main, to);
}
