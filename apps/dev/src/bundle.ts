/**
 * Bundles the app in the current directory to `dist/main.js`, for images: Node refuses to strip types below node_modules.
 * What the app itself depends on stays outside (natives among it); our packages and what they depend on go in. Files that
 * lie beside our sources (Lua scripts) are copied, each package's to a folder of its own, and found there.
 */
import { cpSync, existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { build, type Plugin } from 'rolldown';
import { root } from './checkout.ts';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

export async function bundle(app: string): Promise<void> {
  const dir = join(root, 'apps', app);
  const dist = join(dir, 'dist');
  const { dependencies = {} } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as Manifest;
  const outside = Object.keys(dependencies).filter((name) => !name.startsWith('@baton/'));
  await build({
    input: join(dir, 'src/main.ts'),
    platform: 'node',
    external: outside.map((name) => new RegExp(`^${name}(/|$)`)),
    plugins: [besideSources(dist)],
    output: { dir: dist, entryFileNames: 'main.js', chunkFileNames: 'chunk-[name].js', format: 'esm', sourcemap: true, cleanDir: true },
    logLevel: 'warn',
  });
}

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
  if (!existsSync(join(root, 'apps', app, 'src/main.ts'))) throw new Error(`bundle.ts is run in the folder of an app, not in ${process.cwd()}`);
  await bundle(app);
}
