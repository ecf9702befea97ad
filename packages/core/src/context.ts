/**
 * The workflow's shared data. Agents return deltas with dotted paths ("Context Synchronization"); only the orchestrator applies them.
 * **Invariant:** what the context says depends on who wrote what, never on who was first: for each path the writer that stands later in the
 * fixed order (`orderOf`) wins, and where one path lies inside another, the later writer is laid over the earlier one.
 */
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import { limits } from './limits.ts';

export interface ContextEntry {
  readonly value: Json;
  readonly by: string;
  /** The writer's place in the fixed order. */
  readonly order: readonly number[];
}

export type ContextView = JsonObject;

/** The entries as one object: laid over each other in the order of their writers, a shorter path before a longer one. */
export function viewOf(entries: ReadonlyMap<string, ContextEntry>): ContextView {
  const view: Record<string, Json> = {};
  const sorted = [...entries].toSorted(
    ([pathA, a], [pathB, b]) => compareOrder(a.order, b.order) || pathA.split('.').length - pathB.split('.').length || (pathA < pathB ? -1 : 1),
  );
  for (const [path, { value }] of sorted) write(view, path.split('.'), value);
  return view;
}

/**
 * What a conversation has no room for: it keeps what was left last.
 *
 * @param left paths and the bytes of what stands there, newest first
 * @returns the paths to forget
 */
export function conversationSurplus(left: readonly (readonly [path: string, bytes: number])[]): readonly string[] {
  let total = 0;
  return left.flatMap(([path, bytes], index) => {
    total += bytes;
    return index < limits.contextPathsMax && total <= limits.conversationBytesMax ? [] : [path];
  });
}

/** Does a write in this order go over what is there? The same writer's later write does. */
export function outranks(order: readonly number[], existing: ContextEntry | undefined): boolean {
  return existing === undefined || compareOrder(order, existing.order) >= 0;
}

export function compareOrder(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? -1) - (b[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** May a step that declares these paths write this one? Its own paths, and everything below them. */
export function mayWrite(writes: readonly string[], path: string): boolean {
  return writes.some((allowed) => path === allowed || path.startsWith(`${allowed}.`));
}

function write(target: Record<string, Json>, [name, ...rest]: readonly string[], value: Json): void {
  const key = name as string;
  if (rest.length === 0) return void Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  const below = Object.hasOwn(target, key) ? target[key] : undefined;
  const next: Record<string, Json> = below !== undefined && isJsonObject(below) ? { ...below } : {};
  write(next, rest, value);
  Object.defineProperty(target, key, { value: next, enumerable: true, configurable: true, writable: true });
}
