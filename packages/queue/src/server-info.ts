/** What Redis says of itself (INFO), and what of it decides whether Baton can work on it: whoever connects asks, and so does the doctor. */
import type { Redis as Server } from 'ioredis';

/** By the names of INFO. */
export type ServerInfo = ReadonlyMap<string, string>;

/** Commits set expiries that never shorten one (PEXPIRE with GT and NX), which older servers do not know. */
export const versionMin = '7.0';

export async function readServerInfo(server: Server): Promise<ServerInfo> {
  return parseInfo(await server.info());
}

export function parseInfo(text: string): ServerInfo {
  return new Map([...text.matchAll(/^([^#:\r\n]+):([^\r\n]*)/gm)].map(([, name, value]) => [name as string, value as string]));
}

/** Null: it cannot be told; some hosted servers say less than others. */
export function isOldServer(info: ServerInfo): boolean | null {
  const version = numbersOf(info.get('redis_version') ?? '');
  const min = numbersOf(versionMin);
  if (version === null || min === null) return null;
  return version[0] < min[0] || (version[0] === min[0] && version[1] < min[1]);
}

/** Null: it cannot be told. */
export function mayEvict(info: ServerInfo): boolean | null {
  const policy = info.get('maxmemory_policy');
  return policy === undefined ? null : policy !== 'noeviction';
}

export interface MemoryUse {
  readonly usedBytes: number;
  /** At which Redis refuses writes, or the system ends it. */
  readonly bytesMax: number;
  /** `maxmemory` is set; else it is the machine's. */
  readonly isLimited: boolean;
}

/** Null: it cannot be told. */
export function memoryUse(info: ServerInfo): MemoryUse | null {
  const [used, limit, system] = ['used_memory', 'maxmemory', 'total_system_memory'].map((name) => Number(info.get(name) ?? Number.NaN));
  if (used === undefined || Number.isNaN(used)) return null;
  if (limit !== undefined && limit > 0) return { usedBytes: used, bytesMax: limit, isLimited: true };
  return system !== undefined && system > 0 ? { usedBytes: used, bytesMax: system, isLimited: false } : null;
}

function numbersOf(version: string): readonly [number, number] | null {
  const found = /^(\d+)\.(\d+)/.exec(version);
  return found === null ? null : [Number(found[1]), Number(found[2])];
}
