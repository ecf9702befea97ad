/**
 * A workflow's values on their way into its record and back, with what is over the inline limit out of line. A field that has something out of line begins
 * with a sign that no JSON begins with: `@`, where the parts belong and their hashes, a new line, and the JSON with null in their places.
 */
import type { Blob, Light, OutRef, Payloads } from '@baton/blobs';
import type { Json } from '@baton/core';
import { parse } from './stored-json.ts';

/** The text under which a value is stored. */
export type TextOf = (value: unknown) => string;

const sign = '@';

/** @param kept takes what must be kept before the text is written */
export function textsOf(payloads: Payloads, workflowId: string, kept: Blob[]): TextOf {
  return (value) => {
    const text = JSON.stringify(value);
    const light = payloads.takeOut(workflowId, text, kept);
    if (light === null) return text;
    return `${sign}${JSON.stringify(light.blobs.map(({ at, sha256, bytes }) => [at, sha256, bytes]))}\n${JSON.stringify(light.value)}`;
  };
}

export type Fields = Readonly<Record<string, string>>;

export interface WholeFields {
  /** All plain JSON. */
  readonly fields: Fields;
  /** Names of those in which something is lost; there is null in its place. */
  readonly lost: readonly string[];
}

/** With everything that is out of line; if nothing is, the fields as they are. */
export async function wholeFields(payloads: Payloads, workflowId: string, fields: Fields): Promise<WholeFields> {
  const away = Object.entries(fields).filter(([, text]) => text.startsWith(sign));
  if (away.length === 0) return { fields, lost: [] };
  const lost: string[] = [];
  const whole = await Promise.all(
    away.map(async ([name, text]) => {
      const found = await payloads.bringBack(workflowId, lightOf(text));
      if (found === null) lost.push(name);
      return [name, found === null ? inlineText(text) : JSON.stringify(found.value)] as const;
    }),
  );
  return { fields: { ...fields, ...Object.fromEntries(whole) }, lost: lost.toSorted() };
}

/** What of the value stands in the record. */
export function inlineText(text: string): string {
  return text.startsWith(sign) ? text.slice(text.indexOf('\n') + 1) : text;
}

function lightOf(text: string): Light {
  const places = parse(text.slice(sign.length, text.indexOf('\n'))) as readonly (readonly [OutRef['at'], string, number])[];
  return { value: parse(inlineText(text)) as Json, blobs: places.map(([at, sha256, bytes]) => ({ at, sha256, bytes })) };
}
