/**
 * Parameters that are completed by an agent: what the results of inputs are wanted for is known when a tree is cut, the results only when it runs.
 * **Invariant:** filled in, they are what `resolveReferences` would have made of them. Results are data: nothing in them is resolved again.
 */
import type { Binding } from './assignment.ts';
import { isJsonArray, type Json, type JsonObject } from './json.ts';
import { limits } from './limits.ts';
import { valueAt } from './reference.ts';

export type Bound = { readonly ok: true; readonly value: JsonObject } | { readonly ok: false };

/**
 * @param results of the inputs, by id
 * @returns not ok: a value that must be there is absent, or there are more bytes than parameters may have
 */
export function resolveBindings(parameters: JsonObject, bindings: readonly Binding[], results: ReadonlyMap<string, Json>): Bound {
  if (bindings.some(({ input, path, optional }) => !optional && valueAt(results.get(input), path) === undefined)) return { ok: false };
  const value = filled(parameters, bindings, 0, results) as JsonObject;
  return Buffer.byteLength(JSON.stringify(value)) <= limits.payloadBytesMax ? { ok: true, value } : { ok: false };
}

/** @param bindings those whose place is this value, or below it. @returns undefined: nothing, and nothing has to be there */
function filled(value: Json, bindings: readonly Binding[], depth: number, results: ReadonlyMap<string, Json>): Json | undefined {
  const [first] = bindings;
  if (first === undefined) return value;
  if (first.at.length === depth) return valueAt(results.get(first.input), first.path);
  const below = Map.groupBy(bindings, ({ at }) => at[depth]);
  const part = (name: string, item: Json): Json | undefined => filled(item, below.get(name) ?? [], depth + 1, results);
  if (isJsonArray(value)) return value.map((item, index) => part(String(index), item) ?? null);
  const members = Object.entries(value as JsonObject).flatMap(([name, item]): [string, Json][] => {
    const found = part(name, item);
    return found === undefined ? [] : [[name, found]];
  });
  return Object.fromEntries(members);
}
