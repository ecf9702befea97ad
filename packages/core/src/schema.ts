/**
 * JSON Schema (draft 2020-12, ajv): what a definition says of its params and of its agents' results. Compiled on first use and kept as
 * long as the schema object is: a workflow type's schemas are compiled once a process.
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { isJsonObject, type Json, type JsonObject, type Problem } from './json.ts';

const options = { allErrors: true, strict: false, validateFormats: true } as const;
const checking = withFormats(new Ajv2020(options));
const filling = withFormats(new Ajv2020({ ...options, useDefaults: true }));
const compiled = new WeakMap<Ajv2020, WeakMap<JsonObject, ValidateFunction>>();

function withFormats(ajv: Ajv2020): Ajv2020 {
  addFormats.default(ajv);
  return ajv;
}

/** Why the value does not fit the schema; nothing: it does. */
export function schemaProblems(schema: JsonObject, value: Json): readonly Problem[] {
  const validate = validator(checking, schema);
  return validate(value) ? [] : (validate.errors ?? []).map(problem);
}

/** The value with the schema's defaults filled in, or all that is wrong with it. The value itself stays as it is. */
export function withDefaults(schema: JsonObject, value: Json): { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly problems: readonly Problem[] } {
  const filled = structuredClone(value);
  const validate = validator(filling, schema);
  return validate(filled) ? { ok: true, value: filled } : { ok: false, problems: (validate.errors ?? []).map(problem) };
}

/** Why this is no usable JSON Schema, or null. */
export function schemaDefect(schema: JsonObject): string | null {
  try {
    validator(checking, schema);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

function validator(ajv: Ajv2020, schema: JsonObject): ValidateFunction {
  const known = compiled.get(ajv) ?? new WeakMap<JsonObject, ValidateFunction>();
  compiled.set(ajv, known);
  const existing = known.get(schema);
  if (existing !== undefined) return existing;
  try {
    const validate = ajv.compile(schema);
    known.set(schema, validate);
    return validate;
  } finally {
    // ajv would keep every schema for ever, and refuse a second one with the same $id.
    ajv.removeSchema(schema);
  }
}

function problem({ instancePath, keyword, message, params }: ErrorObject): Problem {
  const detail = params as { additionalProperty?: string; allowedValues?: readonly Json[] };
  const extra = detail.additionalProperty ?? detail.allowedValues?.map((value) => JSON.stringify(value)).join(', ');
  return { path: instancePath, code: keyword, message: `${message ?? 'does not fit the schema'}${extra === undefined ? '' : `: ${extra}`}` };
}

/** What a schema says of a path: `absent` if no value there can be valid, `unknown` if it does not say, else whether it may be missing. */
export type PathVerdict = 'absent' | 'unknown' | 'required' | 'optional';

/** Follows plain `properties` and `items`; anything cleverer (`$ref`, `anyOf`, …) is `unknown`. */
export function pathVerdict(schema: Json | undefined, path: readonly string[]): PathVerdict {
  let current = schema;
  let optional = false;
  for (const name of path) {
    const next = member(current, name);
    if (typeof next === 'string') return next;
    optional ||= next.optional;
    current = next.schema;
  }
  return optional ? 'optional' : 'required';
}

function member(schema: Json | undefined, name: string): 'absent' | 'unknown' | { readonly schema: Json; readonly optional: boolean } {
  if (schema === undefined || !isJsonObject(schema)) return 'unknown';
  const { type, properties, required, items, additionalProperties } = schema as {
    type?: Json;
    properties?: JsonObject;
    required?: readonly string[];
    items?: Json;
    additionalProperties?: Json;
  };
  if (type === 'array') return /^\d+$/.test(name) ? { schema: items ?? true, optional: false } : 'absent';
  if (type !== 'object') return typeof type === 'string' ? 'absent' : 'unknown';
  const found = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (found !== undefined) return { schema: found, optional: !(required ?? []).includes(name) && !hasDefault(found) };
  return additionalProperties === false || (properties !== undefined && additionalProperties === undefined) ? 'absent' : 'unknown';
}

function hasDefault(schema: Json): boolean {
  return isJsonObject(schema) && Object.hasOwn(schema, 'default');
}

/** The names a schema knows beside a path that it does not, for "did you mean". */
export function knownNames(schema: Json | undefined, path: readonly string[]): readonly string[] {
  let current = schema;
  for (const name of path) {
    const next = member(current, name);
    if (typeof next === 'string') break;
    current = next.schema;
  }
  const properties = current !== undefined && isJsonObject(current) ? current['properties'] : undefined;
  return properties !== undefined && isJsonObject(properties) ? Object.keys(properties) : [];
}
