/** What is run: the workflow types of Baton for each shape, and what a right result is. What raw BullMQ runs in their place is `raw-flow.ts`. */
import type { DefinitionInput, Json, JsonObject, NodeInput } from '@baton/core';
import { queueCount } from './payload.ts';

export interface Workload {
  readonly name: string;
  /** What agents do, and what is a workflow or a composite of its own. */
  readonly subtasks: number;
  /** Those that others refer to come first; the last one is started. */
  readonly types: readonly DefinitionInput[];
  readonly params: (text: string) => JsonObject;
  readonly result: (text: string) => Json;
}

const fanWidth = 100;
const rounds = 10;

const input = { type: 'object', required: ['text'], properties: { text: { type: 'string' }, items: { type: 'array' } } };
const output = { type: 'object', required: ['text', 'count'], properties: { text: { type: 'string' }, count: { type: 'integer' } } };
const textParams = (text: string): JsonObject => ({ text });
const capability = (index: number): string => `bench.c${index % queueCount}`;

/** A step that takes its text from the first of its needs, or from the workflow's params. */
function step(id: string, at: number, ...needs: readonly string[]): NodeInput {
  const [first] = needs;
  const text = first === undefined ? '$params.text' : `$steps.${first}.text`;
  const more = needs.length < 2 ? {} : { more: needs.map((need) => `$steps.${need}.text`) };
  return { id, capability: capability(at), params: { text, ...more }, output };
}

function type(name: string, nodes: readonly NodeInput[], result: Json): DefinitionInput {
  return { name: `bench_${name}`, version: 1, input, nodes, result };
}

const of = (id: string, member: 'text' | 'count'): string => `$steps.${id}.${member}`;
const both = (id: string): Json => ({ text: of(id, 'text'), count: of(id, 'count') });
const steps = (prefix: string, length: number): readonly string[] => Array.from({ length }, (_, index) => `${prefix}${index}`);

function chain(length: number, first: readonly NodeInput[] = []): readonly NodeInput[] {
  const names = steps('s', length);
  return [...first, ...names.map((id, index) => step(id, index, ...names.slice(Math.max(0, index - 1), index)))];
}

function fanout(): readonly NodeInput[] {
  const items = steps('i', fanWidth);
  return [step('split', 0), ...items.map((id) => step(id, 1, 'split')), step('join', 2, ...items)];
}

const diamond: readonly NodeInput[] = [
  step('fetch', 0),
  step('clean', 1, 'fetch'),
  step('sentiment', 2, 'clean'),
  step('topics', 3, 'clean'),
  step('report', 4, 'sentiment', 'topics'),
];

/** Layers of `width` nodes; each node needs two of the layer before, so that nothing of it is a tree. */
export function layered(name: string, nodes: number, width: number): Workload {
  const id = (at: number): string => `n${at}`;
  const needs = (at: number): readonly string[] => {
    const before = (Math.floor(at / width) - 1) * width;
    return before < 0 ? [] : [id(before + (at % width)), id(before + ((at + 1) % width))];
  };
  const all = Array.from({ length: nodes }, (_, at) => step(id(at), at, ...needs(at)));
  const last = Array.from({ length: width }, (_, at) => id(nodes - width + at));
  return {
    name,
    subtasks: nodes,
    types: [
      type(
        name,
        all,
        last.map((each) => of(each, 'text')),
      ),
    ],
    params: textParams,
    result: (text) => last.map(() => text),
  };
}

/** A workflow of five steps that stands still before its last two until it gets a signal. */
export const waiting: Workload = {
  name: 'waiting',
  subtasks: 5,
  types: [
    type(
      'waiting',
      [...chain(2), { id: 'wait', kind: 'signal', signal: 'go', needs: ['s1'] }, { ...step('s3', 3, 's1'), needs: ['wait'] }, step('s4', 4, 's3')],
      both('s4'),
    ),
  ],
  params: textParams,
  result: (text) => ({ text, count: 0 }),
};

const map: NodeInput = {
  id: 'items',
  kind: 'map',
  over: '$params.items',
  each: { capability: capability(0), params: { text: '$params.text', more: ['$item'] }, output },
  aggregate: { strategy: 'sum', of: 'count' },
};

function mapOver(items: number): Workload {
  const name = `map${items}`;
  return {
    name,
    subtasks: items,
    types: [type(name, [map], { count: '$steps.items' })],
    params: (text) => ({ text, items: Array.from({ length: items }, (_, index) => index) }),
    result: () => ({ count: items }),
  };
}

/** Chains and maps together, where two orchestrators share the work (`mixed.ts`). */
export const mixedName = 'mixed';

export const map1000 = mapOver(1_000);

const loop: NodeInput = {
  id: 'refine',
  kind: 'loop',
  generate: { capability: capability(0), params: { text: '$params.text' }, output },
  critique: { capability: capability(1), params: { text: '$loop.draft.text' }, output },
  max_iterations: rounds,
  // Never reached, so that all rounds are run.
  score: 'count',
  threshold: 1,
  on_exhausted: 'complete',
};

function tree(level: number): DefinitionInput {
  if (level === 1) return type('tree1', [step('leaf', 0)], both('leaf'));
  const child = (id: string): NodeInput => ({ id, kind: 'workflow', type: `bench_tree${level - 1}`, params: { text: '$params.text' } });
  return type(`tree${level}`, [child('left'), child('right'), step('join', level, 'left', 'right')], both('join'));
}

const simple = (name: string, nodes: readonly NodeInput[], last: string, count = 0): Workload => ({
  name,
  subtasks: nodes.length,
  types: [type(name, nodes, both(last))],
  params: textParams,
  result: (text) => ({ text, count }),
});

const workloads: Readonly<Record<string, Workload>> = {
  chain: simple('chain', chain(5), 's4'),
  fanout: simple('fanout', fanout(), 'join', fanWidth),
  diamond: simple('diamond', diamond, 'report', 2),
  graph1000: layered('graph1000', 1_000, 50),
  map10000: mapOver(10_000),
  loop10: { ...simple('loop10', [loop], 'refine'), subtasks: 2 * rounds },
  // Seven workflows with seven steps of agents, six of which are the work of a step.
  subtree3: { name: 'subtree3', subtasks: 13, types: [1, 2, 3].map(tree), params: textParams, result: (text) => ({ text, count: 2 }) },
};

/** Measured in ways of their own, not as a load. */
const others: typeof workloads = { waiting, [map1000.name]: map1000 };

export const workloadNames: readonly string[] = Object.keys(workloads);

export function layeredName(nodes: number, width: number): string {
  return `layered${nodes}x${width}`;
}

/** Those of the table and of `others` by name, and layered graphs of any size by `layeredName`. */
export function workloadOf(name: string): Workload | null {
  const [, nodes, width] = /^layered(\d+)x(\d+)$/.exec(name) ?? [];
  if (nodes !== undefined && width !== undefined) return layered(name, Number(nodes), Number(width));
  const known = { ...workloads, ...others };
  return Object.hasOwn(known, name) ? (known[name] ?? null) : null;
}

/** How many workflows are in flight where a chain has `chains`: big workflows bring more work each, so fewer of them do. */
export function inFlightOf(workload: Pick<Workload, 'subtasks'>, chains: number): number {
  return Math.min(chains, Math.max(1, Math.round((chains * 10) / workload.subtasks)));
}

/** What is wrong with a result, or null. */
export function resultProblem(workload: Workload, workflowId: string, text: string, result: unknown): string | null {
  const [expected, found] = [JSON.stringify(workload.result(text)), JSON.stringify(result)];
  return expected === found ? null : `${workload.name} ${workflowId} resulted in ${found?.slice(0, 300)} instead of ${expected.slice(0, 300)}`;
}
