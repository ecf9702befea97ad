/** JSON values, and their canonical text: the same value always prints the same, whatever the order of its keys. */
import { createHash } from 'node:crypto';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** One thing that is wrong with an input: where (JSON Pointer), what (stable code), and the sentence that names the mend. */
export interface Problem {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** The text with keys sorted and nothing optional in it (RFC 8785 for the values that JSON can hold). */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isJsonArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] as Json)}`);
  return `{${members.join(',')}}`;
}

/** SHA-256 of the canonical text, in base64url: every workflow carries two of these. */
export function jsonHash(value: Json): string {
  return createHash('sha256').update(canonicalJson(value)).digest('base64url');
}

export function isJsonArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

export function isJsonObject(value: Json): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** `/nodes/0/params`: a JSON Pointer (RFC 6901) from its unescaped parts. */
export function pointer(...parts: readonly (string | number)[]): string {
  return parts.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
