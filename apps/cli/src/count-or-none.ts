/** A limit as people write it. */
import { InputError } from './failure.ts';

export function parseCountOrNone(text: string): number | null {
  if (text === 'none') return null;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InputError(`"${text}" is not a limit: give a number from 1 to 999999, or none.`);
}
