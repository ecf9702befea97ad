/** --limit of the commands that list. */
import { InvalidArgumentError } from 'commander';

export function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 200) return limit;
  throw new InvalidArgumentError('It must be a number from 1 to 200.');
}
