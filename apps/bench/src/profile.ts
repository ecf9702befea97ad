/** Where the CPU time of a process went, by package, from the profile that Node leaves (`--cpu-prof`). A reader, not a viewer: Chrome's DevTools open the file. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const Profile = z.object({
  nodes: z.array(z.object({ id: z.int(), callFrame: z.object({ functionName: z.string(), scriptId: z.string(), url: z.string() }) })),
  samples: z.array(z.int()),
  /** Microseconds; each belongs to the sample at its place. */
  timeDeltas: z.array(z.number()),
});
export type Frame = z.output<typeof Profile>['nodes'][number]['callFrame'];

export interface SelfTime {
  /** `raw-flow worker` */
  readonly process: string;
  /** Of all repeats; without the time in which it had nothing to do. */
  readonly busyMs: number;
  /** By package, of ours by folder. */
  readonly ms: Readonly<Record<string, number>>;
}

export const profileName = (system: string, role: string, repeat: number): string => `${system}.${role}.${repeat}.cpuprofile`;

/** Of every process that left a profile in the folder. */
export function selfTimesIn(folder: string): readonly SelfTime[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
  const processes = Map.groupBy(files, (name) => name.split('.').slice(0, 2).join(' '));
  return [...processes].map(([process, names]) => {
    const ms = added(names.map((name) => msByPackage(readFileSync(join(folder, name), 'utf8'))));
    return { process, busyMs: Object.values(ms).reduce((sum, each) => sum + each, 0), ms };
  });
}

export function msByPackage(text: string): Readonly<Record<string, number>> {
  const { nodes, samples, timeDeltas } = Profile.parse(JSON.parse(text));
  const packages = new Map(nodes.map(({ id, callFrame }) => [id, packageOf(callFrame)]));
  return added(
    samples.map((id, index) => {
      const name = packages.get(id) ?? null;
      return name === null ? {} : { [name]: (timeDeltas[index] ?? 0) / 1_000 };
    }),
  );
}

/** null: it had nothing to do. */
export function packageOf({ functionName, scriptId, url }: Frame): string | null {
  if (functionName === '(idle)' || functionName === '(root)') return null;
  if (functionName === '(garbage collector)') return 'gc';
  if (functionName === '(program)') return 'outside of JavaScript';
  // What is built in has neither address nor script: sockets and files, JSON, expressions (whose name is their text).
  if (url === '' && scriptId === '0') return `native ${functionName.split(':')[0]}`.trim();
  // Functions that ajv, zod and BullMQ make of text have a script.
  if (url === '') return /^validate\d+$/.test(functionName) ? 'ajv, generated' : 'generated';
  // At the start of a process: the sources' types are taken away.
  if (url.startsWith('wasm:')) return 'WebAssembly';
  const [, dependency] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  const [, own] = /\/((?:packages|apps)\/[^/]+)\/src\//.exec(url) ?? [];
  const [, core] = /^(node:(?:internal\/)?[^/]+)/.exec(url) ?? [];
  return dependency ?? own ?? core ?? 'other';
}

function added(all: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const total = new Map<string, number>();
  for (const each of all) for (const [name, value] of Object.entries(each)) total.set(name, (total.get(name) ?? 0) + value);
  return Object.fromEntries([...total].toSorted(([, a], [, b]) => b - a));
}
