/** References as typed proxies: they record a path and become `"$steps.fetch.uri"`. A field that the schema does not have does not compile. */
import { z } from 'zod';
import type { Json, JsonObject } from './json.ts';
import { escapeText, formatReference, type ReferenceRoot } from './reference.ts';
import { isOptionalPath } from './schema-path.ts';

declare const referred: unique symbol;
const recorded = Symbol('reference');

/** Stands for a value of type T that is known only when the workflow runs. */
export type Ref<T> = { readonly [referred]: T } & (NonNullable<T> extends readonly (infer Item)[]
  ? { readonly [index: number]: Ref<Item> }
  : NonNullable<T> extends object
    ? { readonly [Key in keyof NonNullable<T>]-?: Ref<NonNullable<T>[Key]> }
    : unknown);

/** Stands for a value about which no schema says anything: it goes everywhere. */
export type UntypedRef = { readonly [referred]: never };

/** A value of type T in which any part may be a reference. */
export type Given<T> =
  | Ref<T>
  | UntypedRef
  | (T extends readonly (infer Item)[] ? readonly Given<Item>[] : T extends object ? { readonly [Key in keyof T]: Given<T[Key]> } : T);

/** A proxy whose every member is the reference to that member. */
export function createReference(root: ReferenceRoot, path: readonly string[], schema: JsonObject | undefined): unknown {
  return new Proxy(Object.freeze({}), {
    get: (_, name) => {
      if (name === recorded) return formatReference({ root, path, optional: isOptionalPath(schema, root === 'steps' ? path.slice(1) : path) });
      return typeof name === 'symbol' ? undefined : createReference(root, [...path, name], schema);
    },
  });
}

/** The JSON of a value with references in it. */
export function written(value: unknown): Json {
  if (typeof value === 'string') return escapeText(value);
  if (value === null || typeof value !== 'object') return value as Json;
  const text = (value as { [recorded]?: string })[recorded];
  if (text !== undefined) return text;
  if (Array.isArray(value)) return value.map(written);
  return Object.fromEntries(Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, written(item)]])));
}

/** @throws where JSON Schema cannot say what the schema says */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'throw' });
  return rest as JsonObject;
}
