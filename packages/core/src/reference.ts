/**
 * References: strings in a definition that stand for a value known only later. `$params.region`, `$steps.fetch.uri`, `$context.score`,
 * `$previous_result`, `$conversation.x`; in a map `$item` and `$index`; in a loop `$loop.draft` and the like; parts that are no plain word stand in brackets: `$steps.fetch["due date"]`, `$steps.fetch.rows[0]`. A trailing `?`
 * says that the value may be absent; then the member is left out. `$$` begins a literal dollar. What a reference resolves to is never resolved again.
 */
import { isJsonArray, isJsonObject, type Json, type JsonObject, type Problem } from './json.ts';
import { limits } from './limits.ts';

export const referenceRoots = ['params', 'steps', 'context', 'item', 'index', 'loop', 'previous_result', 'conversation'] as const;
export type ReferenceRoot = (typeof referenceRoots)[number];

export interface Reference {
  readonly root: ReferenceRoot;
  /** Member names and list indexes; for `steps` the first is the subtask's id. */
  readonly path: readonly string[];
  readonly optional: boolean;
}

const shape = /^\$(params|steps|context|item|index|loop|previous_result|conversation)((?:\.[\w-]+|\[\d+\]|\["(?:[^"\\]|\\.)*"\])*)(\??)$/;
const part = /\.([\w-]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/g;
const plainWord = /^[\w-]+$/;

/** Is the string a reference (well formed or not) rather than a text? */
export function isReferenceText(text: string): boolean {
  return text.startsWith('$') && !text.startsWith('$$');
}

/** @returns null if the text begins like a reference and is none */
export function parseReference(text: string): Reference | null {
  if (text.length > limits.referenceLengthMax) return null;
  const match = shape.exec(text);
  if (match === null) return null;
  const [, root, parts, optional] = match as unknown as [string, ReferenceRoot, string, string];
  const path = [...parts.matchAll(part)].map(([, word, index, quoted]) => word ?? index ?? (JSON.parse(quoted as string) as string));
  return { root, path, optional: optional === '?' };
}

export function formatReference({ root, path, optional }: Reference): string {
  const parts = path.map((name) => (plainWord.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`));
  return `$${root}${parts.join('')}${optional ? '?' : ''}`;
}

/** A text as it has to stand in a definition so that it means itself. */
export function escapeText(text: string): string {
  return text.startsWith('$') ? `$${text}` : text;
}

/** Every string in the value that is a reference, with its JSON Pointer parts; `reference` null where it is malformed. */
export function* referencesIn(
  value: Json,
  at: readonly (string | number)[] = [],
): Generator<{ readonly at: readonly (string | number)[]; readonly text: string; readonly reference: Reference | null }> {
  if (typeof value === 'string') {
    if (isReferenceText(value)) yield { at, text: value, reference: parseReference(value) };
  } else if (isJsonArray(value)) {
    for (const [index, item] of value.entries()) yield* referencesIn(item, [...at, index]);
  } else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) yield* referencesIn(item, [...at, key]);
  }
}

/** Where references look: the value under a root's first part, or undefined. */
export type Scope = (root: ReferenceRoot, path: readonly string[]) => Json | undefined;

export type Resolved = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly problems: readonly Problem[] };

/** The value with all its references replaced; all that cannot be, at once. */
export function resolveReferences(value: Json, scope: Scope): Resolved {
  const problems: Problem[] = [];
  const resolved = resolveInto(value, scope, problems, '');
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: resolved ?? null };
}

/** undefined: an optional reference to nothing. In an object the member is left out, in a list it is null. */
function resolveInto(value: Json, scope: Scope, problems: Problem[], at: string): Json | undefined {
  if (typeof value === 'string') return resolveText(value, scope, problems, at);
  if (isJsonArray(value)) return value.map((item, index) => resolveInto(item, scope, problems, `${at}/${index}`) ?? null);
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).flatMap(([key, item]): [string, Json][] => {
    const resolved = resolveInto(item, scope, problems, `${at}/${key}`);
    return resolved === undefined ? [] : [[key, resolved]];
  });
  return Object.fromEntries(members);
}

function resolveText(text: string, scope: Scope, problems: Problem[], at: string): Json | undefined {
  if (!isReferenceText(text)) return text.startsWith('$$') ? text.slice(1) : text;
  const reference = parseReference(text);
  const found = reference === null ? undefined : scope(reference.root, reference.path);
  if (found === undefined && reference?.optional !== true) {
    problems.push({ path: at, code: 'unresolved_reference', message: `${text} refers to a value that does not exist; write ${text}? if it may be absent.` });
  }
  return found;
}

/** The value at a path inside a value; own members only. */
export function valueAt(value: Json | undefined, path: readonly string[]): Json | undefined {
  let current = value;
  for (const name of path) {
    if (current === undefined || current === null || typeof current !== 'object' || !Object.hasOwn(current, name)) return undefined;
    current = (current as JsonObject)[name];
  }
  return current;
}
