/** `sales_dashboard@2`: a type with its version, as one word. */
import { InputError } from './failure.ts';

export interface TypeAndVersion {
  readonly name: string;
  readonly version?: number | 'latest';
}

/** @throws {InputError} when both the word and the flag say a version */
export function parseTypeName(word: string, flag?: string): TypeAndVersion {
  const [name = '', inWord, ...more] = word.split('@');
  if (name === '' || more.length > 0) throw new InputError(`"${word}" is not a workflow type like sales_dashboard or sales_dashboard@2.`);
  if (inWord !== undefined && flag !== undefined && inWord !== flag)
    throw new InputError(`"${word}" and --version ${flag} say different versions: give one of them.`);
  const version = flag ?? inWord;
  return version === undefined ? { name } : { name, version: parseVersion(version) };
}

function parseVersion(text: string): number | 'latest' {
  if (text === 'latest') return text;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InputError(`"${text}" is not a version: give a number from 1, or latest.`);
  return Number(text);
}
