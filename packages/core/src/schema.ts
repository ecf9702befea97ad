/**
 * JSON Schema (draft 2020-12, ajv): what a definition says of its params and of its agents' results. Compiled on first use and kept as
 * long as the schema object is: a workflow type's schemas are compiled once a process.
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Json, JsonObject, Problem } from './json.ts';

const options = { allErrors: true, strict: false, validateFormats: true } as const;
const checking = createValidators(new Ajv2020(options));
const filling = createValidators(new Ajv2020({ ...options, useDefaults: true }));

function createValidators(ajv: Ajv2020): (schema: JsonObject) => ValidateFunction {
  addFormats.default(ajv);
  const compiled = new WeakMap<JsonObject, ValidateFunction>();
  return (schema) => {
    const existing = compiled.get(schema);
    if (existing !== undefined) return existing;
    try {
      const validate = ajv.compile(schema);
      compiled.set(schema, validate);
      return validate;
    } finally {
      // ajv would keep every schema for ever, and refuse a second one with the same $id.
      ajv.removeSchema(schema);
    }
  };
}

/** Why the value does not fit the schema; nothing: it does. */
export function schemaProblems(schema: JsonObject, value: Json): readonly Problem[] {
  const validate = checking(schema);
  return validate(value) ? [] : problems(validate);
}

/** The value with the schema's defaults filled in, or all that is wrong with it. The value itself stays as it is. */
export function withDefaults(
  schema: JsonObject,
  value: Json,
): { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly problems: readonly Problem[] } {
  const filled = structuredClone(value);
  const validate = filling(schema);
  return validate(filled) ? { ok: true, value: filled } : { ok: false, problems: problems(validate) };
}

/** Why this is no usable JSON Schema, or null. */
export function schemaDefect(schema: JsonObject): string | null {
  try {
    checking(schema);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

function problems({ errors }: ValidateFunction): readonly Problem[] {
  return (errors as readonly ErrorObject[]).map(problem);
}

function problem({ instancePath, keyword, message, params }: ErrorObject): Problem {
  const detail = params as { additionalProperty?: string; allowedValues?: readonly Json[] };
  const extra = detail.additionalProperty ?? detail.allowedValues?.map((value) => JSON.stringify(value)).join(', ');
  return { path: instancePath, code: keyword, message: `${message}${extra === undefined ? '' : `: ${extra}`}` };
}
