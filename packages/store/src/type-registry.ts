/** Workflow types: registered versions by name, and every frozen definition by its hash. */
import { type Definition, limits, NewerSchemaError, type Schema, schemaOf, type WorkflowStore, type WorkflowType, workflowType } from '@baton/core';
import { LRUCache } from 'lru-cache';
import type { Redis } from './redis.ts';
import { answer, answers } from './redis-connection.ts';
import { StoreError } from './store-error.ts';
import type { StoreKeys } from './store-keys.ts';
import { parse } from './stored-json.ts';

/** Bounded by nodes, since that is what a compiled type's memory goes with. */
const cachedNodesMax = 200_000;
const outcomes = { '1': 'registered', '0': 'existing', '-1': 'conflict', '-2': 'full' } as const;

export interface TypeRegistry extends Pick<WorkflowStore, 'register' | 'findType' | 'types'> {
  /** The type of a stored definition, or of its text if that is at hand. */
  byHash(hash: string, definition?: string): Promise<WorkflowType>;
  /** A type at hand needs no reading. */
  remember(type: WorkflowType): void;
}

export function createTypeRegistry(redis: Redis, keys: StoreKeys, schema: Schema): TypeRegistry {
  const compiled = new LRUCache<string, WorkflowType>({ maxSize: cachedNodesMax, sizeCalculation: (type) => type.definition.nodes.length });

  async function byHash(hash: string, definition?: string): Promise<WorkflowType> {
    const known = compiled.get(hash);
    if (known !== undefined) return known;
    const text = definition ?? (await answer(redis.get(keys.definition(hash))));
    if (text === null) throw new StoreError('CORRUPT', `The definition ${hash} is not stored any more, though something refers to it.`);
    const parsed = parse(text) as Definition;
    const needed = schemaOf(parsed);
    if (needed > schema.version) throw new NewerSchemaError(`The workflow type ${parsed.name}@${parsed.version}`, needed, schema.version);
    const type = workflowType(parsed);
    compiled.set(hash, type);
    return type;
  }

  return {
    byHash,
    remember(type) {
      compiled.set(type.hash, type);
    },
    async register({ name, version, hash, definition }) {
      const text = JSON.stringify(definition);
      const of = [keys.type(name), keys.definition(hash), keys.types];
      const reply = await answer(redis.batonRegister(of.length, [...of, version, hash, text, name, limits.versionsPerTypeMax, limits.typesMax]));
      return outcomes[String(reply) as keyof typeof outcomes];
    },
    async findType(name, version) {
      const hash = version === 'latest' ? await latest(name) : await answer(redis.hget(keys.type(name), String(version)));
      return hash === null ? null : await byHash(hash);
    },
    async types() {
      const names = (await answer(redis.smembers(keys.types))).toSorted();
      const fields = await answers(names.map((name) => redis.hkeys(keys.type(name))));
      return names.map((name, index) => ({ name, versions: ascending(fields[index] ?? []) }));
    },
  };

  async function latest(name: string): Promise<string | null> {
    const hashes = await answer(redis.hgetall(keys.type(name)));
    return hashes[String(ascending(Object.keys(hashes)).at(-1))] ?? null;
  }
}

function ascending(versions: readonly string[]): readonly number[] {
  return versions.map(Number).toSorted((one, other) => one - other);
}
