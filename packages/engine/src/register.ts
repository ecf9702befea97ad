/** Registering a version of a workflow type: what is registered never changes; other content needs another version. */
import { compileDefinition, type Problem, type WorkflowType } from '@baton/core';
import type { EngineDeps } from './deps.ts';

export type RegisterOutcome =
  | { readonly status: 'registered' | 'existing'; readonly type: WorkflowType }
  | { readonly status: 'conflict'; readonly message: string }
  | { readonly status: 'invalid'; readonly problems: readonly Problem[] };

export type Register = (definition: unknown) => Promise<RegisterOutcome>;

export function createRegister({ store, now, schema }: Pick<EngineDeps, 'store' | 'now' | 'schema'>): Register {
  return async (definition) => {
    const compiled = compileDefinition(definition, schema);
    if (!compiled.ok) return { status: 'invalid', problems: compiled.problems };
    const { type } = compiled;
    const status = await store.register(type, now());
    if (status !== 'conflict') return { status, type };
    return {
      status,
      message: `${type.name}@${type.version} is registered with other content. A version never changes; register this as version ${type.version + 1}.`,
    };
  };
}
