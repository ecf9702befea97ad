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

/** Definitions of every kind of node, joined and failing in every way; small numbers throughout, so that much happens in few steps. */
export function definitionArbitrary(sizeMax: number): fc.Arbitrary<DefinitionInput> {
  const row = fc.record({
    needs: fc.array(fc.nat(), { maxLength: 3 }),
    kind: fc.constantFrom(...kinds),
    join: fc.nat(),
    pick: fc.nat(),
    optional: fc.boolean(),
    when: fc.constantFrom(undefined, undefined, undefined, 'true', 'params.flag', 'params.absent'),
  });
  return fc.array(row, { minLength: 1, maxLength: sizeMax }).map((rows) => ({
    name: 'random',
    version: 1,
    timeout_ms: 10_000_000,
    nodes: rows.map(({ needs, kind, join, pick, optional, when }, index) => {
      const ids = index === 0 ? [] : [...new Set(needs.map((need) => `n${need % index}`))];
      const own = bodies[kind === 'gather' && ids.length === 0 ? 'task' : kind](pick);
      return {
        id: `n${index}`,
        needs: ids,
        join: joinOf(join, ids.length),
        optional: optional && pick % 2 === 0,
        writes: ['shared', `own.n${index}`],
        timeout_ms: 1_000_000,
        ...(when && { when }),
        ...own,
      };
    }) as unknown as DefinitionInput['nodes'],
  }));
}

const kinds = ['task', 'task', 'task', 'map', 'loop', 'plan', 'workflow', 'approval', 'signal', 'sleep', 'gather'] as const;

function joinOf(pick: number, needs: number): object {
  if (needs === 0) return { kind: 'all' };
  const k = 1 + (pick % needs);
  return [{ kind: 'all' }, { kind: 'all' }, { kind: 'settled' }, { kind: 'any' }, { kind: 'first', k }, { kind: 'quorum', k, of: needs }][pick % 6] as object;
}

const work = (pick: number) => ({ capability: 'test.work', fallback: pick % 3 === 0 ? ['test.other'] : [], repairs: pick % 2, overloads: pick % 3 });
const oneOf = <T>(pick: number, ...values: readonly T[]): T => values[pick % values.length] as T;

const bodies: { readonly [Kind in (typeof kinds)[number]]: (pick: number) => object } = {
  task: (pick) => ({ kind: 'task', ...work(pick), ...(pick % 2 === 1 && { output: { type: 'number' } }) }),
  map: (pick) => ({
    kind: 'map',
    over: Array.from({ length: pick % 5 }, (_, index) => index),
    each: pick % 4 === 0 ? { kind: 'workflow', type: 'child' } : work(pick),
    concurrency: 1 + (pick % 3),
    until: oneOf<object>(pick, { kind: 'all' }, { kind: 'settled' }, { kind: 'any' }, { kind: 'first', k: 2 }, { kind: 'quorum', k: 2, of: 3 }),
    aggregate: oneOf<object>(pick, { strategy: 'list' }, { strategy: 'sum' }, { strategy: 'majority' }),
  }),
  loop: (pick) => ({
    kind: 'loop',
    generate: work(pick),
    critique: { capability: 'test.critique' },
    threshold: 80,
    max_iterations: 1 + (pick % 3),
    on_exhausted: oneOf(pick, 'fail', 'degrade', 'complete'),
    ...(pick % 2 === 0 && { patience: 1 }),
  }),
  plan: (pick) => ({ kind: 'plan', ...work(pick), capability: 'test.plan', allow: ['*'], replans: pick % 2 }),
  workflow: () => ({ kind: 'workflow', type: 'child' }),
  approval: (pick) => ({
    kind: 'approval',
    required: 1 + (pick % 2),
    on_expiry: oneOf(pick, 'fail', 'approve', 'reject'),
    on_reject: oneOf(pick, 'fail', 'complete'),
    ...(pick % 2 === 0 && { webhook: 'https://example.org/hook' }),
  }),
  signal: (pick) => ({ kind: 'signal', signal: oneOf(pick, 'go', 'stop'), on_expiry: oneOf(pick, 'fail', 'complete') }),
  sleep: (pick) => ({ kind: 'sleep', for_ms: 1 + (pick % 1_000) }),
  gather: (pick) => ({ kind: 'gather', aggregate: oneOf<object>(pick, { strategy: 'list' }, { strategy: 'sum' }, { strategy: 'majority' }) }),
};
