/** The capabilities that this deployment has ever served or asked for: which result streams there can be. */
import type { Redis } from './redis.ts';

export async function announceCapabilities(redis: Redis, prefix: string, capabilities: readonly string[]): Promise<void> {
  if (capabilities.length > 0) await redis.sadd(capabilitiesKey(prefix), ...capabilities);
}

export async function knownCapabilities(redis: Redis, prefix: string): Promise<readonly string[]> {
  return await redis.smembers(capabilitiesKey(prefix));
}

export function capabilitiesKey(prefix: string): string {
  return `${prefix}:capabilities`;
}
