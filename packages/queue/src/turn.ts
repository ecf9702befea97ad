/** Whose turn it is to clean up: a key that expires when it is anybody's again. Who has it has it for the whole time, so that it is not done more often. */
import type { Redis } from './redis.ts';

const kinds = ['janitor', 'sweep'] as const;

export async function takeTurn(redis: Redis, prefix: string, kind: (typeof kinds)[number], everyMs: number): Promise<boolean> {
  return (await redis.set(`${prefix}:${kind}`, '1', 'PX', everyMs, 'NX')) === 'OK';
}

/** Of all kinds: without its expiry nobody's turn would ever come. */
export function turnKeys(prefix: string): readonly string[] {
  return kinds.map((kind) => `${prefix}:${kind}`);
}
