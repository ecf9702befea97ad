/** Whose turn it is to clean up: a key that expires when it is anybody's again. Who has it has it for the whole time, so that it is not done more often. */
import type { Redis } from './redis.ts';

export async function sweepTurn(redis: Redis, prefix: string, everyMs: number): Promise<boolean> {
  return (await redis.set(sweepKey(prefix), '1', 'PX', everyMs, 'NX')) === 'OK';
}

export function sweepKey(prefix: string): string {
  return `${prefix}:sweep`;
}
