/** The shape of a definition, for tests: who comes after whom, by the explicit needs and by what references say. */
import { compileDefinition } from '@baton/core';
import type { Definable } from './test-workflow.ts';

export interface Dag {
  readonly nodes: readonly string[];
  /** From what is needed to what needs it. */
  readonly edges: readonly (readonly [from: string, to: string])[];
}

/**
 * @example expect(dagOf(definition).edges).toContainEqual(['fetch', 'clean']);
 *
 * @throws with all that is wrong with the definition
 */
export function dagOf(definition: Definable): Dag {
  const compiled = compileDefinition('definition' in definition ? definition.definition : definition);
  if (!compiled.ok) throw new Error(`The definition is wrong: ${compiled.problems.map(({ path, message }) => `${path} ${message}`).join('; ')}`);
  const { nodes, dependents } = compiled.type.graph;
  return { nodes: [...nodes.keys()], edges: [...dependents].flatMap(([from, all]) => all.map((to) => [from, to] as const)) };
}
