/**
 * Definitions that never expire although no type has them: what is left of types that somebody removed by hand. Workflows bring definitions of
 * their own with an expiry, and types have theirs for ever.
 */
import { readFileSync } from 'node:fs';
import type { Definition } from '@baton/core';
import type { Redis as Server } from 'ioredis';
import { definitionKeepMs } from './lifetime.ts';
import type { Redis } from './redis.ts';
import { answer, answers } from './redis-connection.ts';
import { storeKeys } from './store-keys.ts';
import { parse } from './stored-json.ts';

const expireScript = readFileSync(new URL('./expire-forgotten.lua', import.meta.url), 'utf8');
const keysPerScan = 1_000;
/** Each looks at so many keys of the server: together half a million. */
const scansMax = 500;
const withoutExpiry = -1;

export interface Forgotten {
  readonly hashes: readonly string[];
  /** Whether all keys were looked at. */
  readonly isAll: boolean;
}

/** @param server that has the prefix: keys are listed by a server, not by a cluster */
export async function forgottenDefinitions(redis: Redis, server: Server, prefix: string): Promise<Forgotten> {
  const keys = storeKeys(prefix);
  const { found, isAll } = await scan(server, keys.definition('*'));
  const left = await answers(found.map((key) => redis.pttl(key)));
  const lasting = found.filter((_, index) => left[index] === withoutExpiry).map((key) => key.slice(keys.definition('').length));
  if (lasting.length === 0) return { hashes: [], isAll };
  // After the keys: what was registered while they were looked at is known here.
  const names = await answer(redis.smembers(keys.types));
  const registered = new Set((await answers(names.map((name) => redis.hvals(keys.type(name))))).flat());
  return { hashes: lasting.filter((hash) => !registered.has(hash)), isAll };
}

/**
 * As if a workflow of each began its life now: none can be left that needs it longer. One that was registered meanwhile stays for ever.
 *
 * @returns how many
 */
export async function expireForgottenDefinitions(redis: Redis, prefix: string, hashes: readonly string[]): Promise<number> {
  const keys = storeKeys(prefix);
  let expired = 0;
  for (const hash of hashes) {
    const text = await answer(redis.get(keys.definition(hash)));
    if (text === null) continue;
    const definition = parse(text) as Definition;
    const { name, version } = definition;
    expired += Number(await answer(redis.eval(expireScript, 2, keys.type(name), keys.definition(hash), version, hash, definitionKeepMs(definition))));
  }
  return expired;
}

async function scan(server: Server, pattern: string): Promise<{ readonly found: readonly string[]; readonly isAll: boolean }> {
  const found = new Set<string>();
  let cursor = '0';
  for (let scans = 0; scans < scansMax; scans += 1) {
    const [next, keys] = await answer(server.scan(cursor, 'MATCH', pattern, 'COUNT', keysPerScan));
    for (const key of keys) found.add(key);
    cursor = next;
    if (cursor === '0') break;
  }
  return { found: [...found], isAll: cursor === '0' };
}
