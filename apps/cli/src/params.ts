/** A workflow's params from the command line: a file of JSON, and `key=value` words over it. */
import { readFile } from 'node:fs/promises';
import type { StartWorkflowBody } from '@baton/protocol';
import { InputError } from './failure.ts';

export type Params = NonNullable<StartWorkflowBody['params']>;
type Value = Params[string];

/** @throws {InputError} */
export async function readParams(file: string | undefined, words: readonly string[]): Promise<Params> {
  return withWords(file === undefined ? {} : await paramsFile(file), words);
}

/**
 * `columns.date=Date` sets a field of a field. A value is JSON where it parses as JSON, else a string as it stands; numbers
 * that JavaScript could not hold exactly stay strings.
 *
 * @throws {InputError} when a word is not `key=value`
 */
export function withWords(base: Params, words: readonly string[]): Params {
  const params = structuredClone(base);
  for (const word of words) {
    const at = word.indexOf('=');
    if (at <= 0) throw new InputError(`--params takes words like source=sales.csv; "${word}" is none. Put the workflow type before --params.`);
    const path = word.slice(0, at).split('.');
    if (path.some((part) => part === '' || part === '__proto__'))
      throw new InputError(`--params ${word}: "${path.join('.')}" is not a name like columns.date.`);
    assign(params, path, valueOf(word.slice(at + 1)), word);
  }
  return params;
}

function assign(params: Params, path: readonly string[], value: Value, word: string): void {
  const last = path.at(-1) as string;
  let target = params;
  for (const part of path.slice(0, -1)) {
    const inner = Object.hasOwn(target, part) ? target[part] : undefined;
    if (inner !== undefined && !isRecord(inner)) throw new InputError(`--params ${word}: "${part}" is already something that has no fields.`);
    const fields = inner ?? {};
    target[part] = fields;
    target = fields;
  }
  target[last] = value;
}

/** JSON where it parses as JSON, else the string as it stands. */
export function valueOf(text: string): Value {
  try {
    const value = JSON.parse(text) as Value;
    return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) ? text : value;
  } catch {
    return text;
  }
}

async function paramsFile(file: string): Promise<Params> {
  const value = await jsonFile(file, '--params-file');
  if (!isRecord(value)) throw new InputError(`--params-file ${file} must hold a JSON object, like {"source": "sales.csv"}.`);
  return value;
}

/** @throws {InputError} saying which file, by which flag, and what is wrong with it */
export async function jsonFile(file: string, flag: string): Promise<Value> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new InputError(code === 'ENOENT' ? `${flag} ${file}: there is no such file.` : `${flag} ${file}: it cannot be read (${code}).`, { cause });
  }
  try {
    return JSON.parse(text) as Value;
  } catch (cause) {
    throw new InputError(`${flag} ${file} is not JSON: ${(cause as Error).message}.`, { cause });
  }
}

function isRecord(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
