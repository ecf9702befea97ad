/** What a JSON Schema says of a path. Follows plain `properties` and `items`; anything cleverer (`$ref`, `anyOf`, …) says nothing. */
import { isJsonObject, type Json, type JsonObject } from './json.ts';

/** The first name on the path at which no value can be, with the names that the schema has in its place; null: the schema does not rule the path out. */
export function absentName(schema: JsonObject | undefined, path: readonly string[]): { readonly name: string; readonly known: readonly string[] } | null {
  let current: Json | undefined = schema;
  for (const name of path) {
    const next = member(current, name);
    if (next === 'absent') return { name, known: propertyNames(current) };
    if (next === 'unknown') return null;
    current = next.schema;
  }
  return null;
}

/** Does the schema say that a value at the path may be missing? */
export function isOptionalPath(schema: JsonObject | undefined, path: readonly string[]): boolean {
  let current: Json | undefined = schema;
  for (const name of path) {
    const next = member(current, name);
    if (typeof next === 'string') return false;
    if (next.optional) return true;
    current = next.schema;
  }
  return false;
}

type Member = 'absent' | 'unknown' | { readonly schema: Json | undefined; readonly optional: boolean };

function member(schema: Json | undefined, name: string): Member {
  if (schema === undefined || !isJsonObject(schema)) return 'unknown';
  const { type, properties, required, items, additionalProperties } = schema as {
    type?: Json;
    properties?: JsonObject;
    required?: readonly string[];
    items?: Json;
    additionalProperties?: Json;
  };
  if (type === 'array') return /^\d+$/.test(name) ? { schema: items, optional: false } : 'absent';
  if (type !== 'object') return typeof type === 'string' ? 'absent' : 'unknown';
  if (properties === undefined) return additionalProperties === false ? 'absent' : 'unknown';
  const found = Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (found !== undefined) return { schema: found, optional: required?.includes(name) !== true && !hasDefault(found) };
  return additionalProperties === undefined || additionalProperties === false ? 'absent' : 'unknown';
}

function hasDefault(schema: Json): boolean {
  return isJsonObject(schema) && Object.hasOwn(schema, 'default');
}

function propertyNames(schema: Json | undefined): readonly string[] {
  return Object.keys((schema as { properties?: JsonObject }).properties ?? {});
}
