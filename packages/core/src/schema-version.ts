/**
 * The version of all that one process writes and another one reads: messages, and state. One number for everything; what names none is of version 1,
 * so that naming it costs nothing until there is another. A process reads what is older through `upgrades`, and leaves what is newer to those that know it.
 * Deliberately without upgrades: definitions, which go by the hash of what they say. Newer code takes older ones as they are.
 */

/** What is changed on the way from one version to the next. */
export type SchemaKind = 'assignment' | 'reply' | 'start' | 'webhook' | 'workflow' | 'event';
type Upgrade = (older: unknown) => unknown;

export interface Schema {
  readonly version: number;
  /** By kind: from the version that is the key to the one after it. Where there is none, that version changed nothing of the kind. */
  readonly upgrades: { readonly [Kind in SchemaKind]?: ReadonlyMap<number, Upgrade> };
}

/** Of this code. Raise it with a change that older processes must not touch, and say in `upgrades` how to read what they left. */
export const currentSchema: Schema = { version: 1, upgrades: {} };

/** Written by a newer process: to be left to one. */
export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError';
  readonly code = 'NEWER_SCHEMA';

  /** @param what as a sentence begins: `The workflow "wf_1"` */
  constructor(what: string, version: number, known: number) {
    super(`${what} was written by a newer version of Baton (schema ${version}; this process knows ${known}): it is left to processes of that version.`);
  }
}

/** What was written under that version, as this code has it. */
export function upgraded({ version: to, upgrades }: Schema, kind: SchemaKind, version: number, value: unknown): unknown {
  let current = value;
  for (let from = version; from < to; from += 1) {
    const upgrade = upgrades[kind]?.get(from);
    if (upgrade !== undefined) current = upgrade(current);
  }
  return current;
}
