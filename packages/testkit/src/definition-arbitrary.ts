/** Random definitions, and all the small ones: acyclic graphs in which a node may need any node before it. */
import type { DefinitionInput, WorkflowHeader } from '@baton/core';
import { compileDefinition, createWorkflow, type Workflow, type WorkflowType } from '@baton/core';
import fc from 'fast-check';

/** For each node the indexes of the nodes it needs, all smaller than its own. */
export type Edges = readonly (readonly number[])[];

export function graphDefinition(edges: Edges): DefinitionInput {
  return {
    name: 'graph',
    version: 1,
    nodes: edges.map((needs, index) => ({ id: `n${index}`, capability: 'test.work', needs: needs.map((need) => `n${need}`) })),
  };
}

export function typeOf(definition: unknown): WorkflowType {
  const compiled = compileDefinition(definition);
  if (!compiled.ok) throw new Error(`The definition is wrong: ${JSON.stringify(compiled.problems)}`);
  return compiled.type;
}

export function headerOf(type: WorkflowType, header: Partial<WorkflowHeader> = {}): WorkflowHeader {
  return {
    id: 'wf_test',
    type: type.name,
    version: type.version,
    definitionHash: type.hash,
    fingerprint: 'f',
    params: {},
    caller: 'test',
    createdAt: 0,
    ...header,
  };
}

/** A pending workflow of the definition. */
export function workflowOf(definition: unknown, header: Partial<WorkflowHeader> = {}): Workflow {
  const type = typeOf(definition);
  return createWorkflow(headerOf(type, header), type);
}

/** Every acyclic graph of up to `sizeMax` nodes in topological order: for each pair an edge or none. */
export function* smallGraphs(sizeMax: number): Generator<Edges> {
  for (let size = 1; size <= sizeMax; size += 1) {
    const pairs = Array.from({ length: size }, (_, to) => Array.from({ length: to }, (__, from) => [from, to] as const)).flat();
    for (let bits = 0; bits < 2 ** pairs.length; bits += 1) {
      const chosen = pairs.filter((_, index) => (bits >> index) % 2 === 1);
      yield Array.from({ length: size }, (_, to) => chosen.filter((pair) => pair[1] === to).map(([from]) => from));
    }
  }
}

export function edgesArbitrary(sizeMax: number): fc.Arbitrary<Edges> {
  return fc
    .array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: sizeMax })
    .map((rows) => rows.map((row, index) => (index === 0 ? [] : [...new Set(row.map((value) => value % index))])));
}
