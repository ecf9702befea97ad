/** JSON as it is stored. What there is was written by the store, so it is parsed and not validated. */
import { StoreError } from './store-error.ts';

export function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new StoreError('CORRUPT', 'A stored value is not JSON: somebody else wrote under this prefix, or another version of Baton did.', { cause });
  }
}
