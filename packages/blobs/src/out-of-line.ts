/**
 * Which parts of a value are kept out of line, and putting them back. Pure. Out goes what by itself is over the limit, as deep inside as that holds, so
 * that a long text is the same part whatever it stands in; what is long only for having many small members goes out whole.
 * **Invariant:** where something was taken out there is null, and the places are told beside the value, never in it: nothing in it can be mistaken for one.
 */
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '@baton/core';

/** Member names and list indexes, from the value down. */
export type Place = readonly string[];

export interface Part {
  readonly at: Place;
  /** JSON. */
  readonly text: string;
}

export interface Split {
  /** With null in place of each part. */
  readonly value: Json;
  readonly parts: readonly Part[];
}

/** Deeper than this nothing is looked into: each level costs the length of the text once. */
const depthMax = 6;

/** @param text the JSON of the value */
export function split(value: Json, text: string, bytesMax: number): Split {
  return splitAt(value, text, bytesMax, []);
}

function splitAt(value: Json, text: string, bytesMax: number, at: Place): Split {
  if (!isLonger(text, bytesMax)) return { value, parts: [] };
  if (at.length < depthMax && (isJsonArray(value) || isJsonObject(value))) {
    const light = lightened(value, bytesMax, at);
    if (!isLonger(JSON.stringify(light.value), bytesMax)) return light;
  }
  return { value: null, parts: [{ at, text }] };
}

function lightened(value: readonly Json[] | JsonObject, bytesMax: number, at: Place): Split {
  const parts: Part[] = [];
  const light = (member: Json, name: string): Json => {
    const text = JSON.stringify(member);
    if (!isLonger(text, bytesMax)) return member;
    const inner = splitAt(member, text, bytesMax, [...at, name]);
    parts.push(...inner.parts);
    return inner.value;
  };
  if (Array.isArray(value)) return { value: value.map((item: Json, index) => light(item, String(index))), parts };
  return { value: Object.fromEntries(Object.entries(value).map(([name, member]) => [name, light(member, name)])), parts };
}

/** A character is at most three bytes, so most texts need not be counted. */
export function isLonger(text: string, bytesMax: number): boolean {
  return text.length * 3 > bytesMax && Buffer.byteLength(text) > bytesMax;
}

/** @param value is changed: it must be the caller's own. @returns undefined if there is no such place in it */
export function join(value: Json, parts: readonly { readonly at: Place; readonly value: Json }[]): Json | undefined {
  let joined = value;
  for (const part of parts) {
    const name = part.at.at(-1);
    if (name === undefined) {
      joined = part.value;
      continue;
    }
    const parent = part.at.slice(0, -1).reduce<Json | undefined>(memberOf, joined);
    if (memberOf(parent, name) !== null) return undefined;
    // Not assigned: a member may be called __proto__.
    Object.defineProperty(parent, name, { value: part.value, enumerable: true, configurable: true, writable: true });
  }
  return joined;
}

/** @returns undefined if there is none */
function memberOf(value: Json | undefined, name: string): Json | undefined {
  if (value === undefined || value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) return undefined;
  return (value as JsonObject)[name];
}
