/** Registering a version of a workflow type: what is registered never changes; other content needs another version. */
import { compileDefinition, type Json, jsonHash, limits, type Problem, type WorkflowType } from '@baton/core';
import type { EngineDeps } from './deps.ts';

export type RegisterOutcome =
  | { readonly status: 'registered' | 'existing'; readonly type: WorkflowType }
  | { readonly status: 'conflict' | 'full'; readonly message: string }
  | { readonly status: 'invalid'; readonly problems: readonly Problem[] };

export type Register = (definition: unknown) => Promise<RegisterOutcome>;

export function createRegister({ store, now, schema, retentionMs }: Pick<EngineDeps, 'store' | 'now' | 'schema' | 'retentionMs'>): Register {
  return async (definition) => {
    const compiled = compileDefinition(definition, { ...schema, retentionMs });
    if (!compiled.ok) return { status: 'invalid', problems: compiled.problems };
    const { type } = compiled;
    const status = await store.register(type, now());
    if (status === 'full') return { status, message: withoutRoom(type) };
    if (status !== 'conflict') return { status, type };
    const existing = await store.findType(type.name, type.version);
    if (existing !== null && isSilent(definition) && isSameButForRetention(existing, type)) return { status: 'existing', type: existing };
    return {
      status,
      message: `${type.name}@${type.version} is registered with other content. A version never changes; register this as version ${type.version + 1}.`,
    };
  };
}

function withoutRoom({ name, version }: WorkflowType): string {
  return `There is no room for ${name}@${version}: a type keeps its ${limits.versionsPerTypeMax} highest versions, and there are ${limits.typesMax} types at most. Register it under a higher version of a type that there is.`;
}

function isSilent(definition: unknown): boolean {
  return !Object.hasOwn(definition as object, 'retention_ms');
}

/** What the deployment fills in has changed since, which is no other content. */
function isSameButForRetention(existing: WorkflowType, type: WorkflowType): boolean {
  const [one, other] = [existing, type].map(({ definition }) => jsonHash({ ...definition, retention_ms: 0 } as unknown as Json));
  return one === other;
}
