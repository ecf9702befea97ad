/**
 * Random definitions over all kinds of nodes, right by construction: what comes out compiles. What they ask of agents is answered by
 * `random-answer.ts`; capabilities say by their names what comes back.
 */
import type { DefinitionInput, Json, NodeInput, NodeKind } from '@baton/core';
import type { Random } from './random.ts';

export interface RandomDefinition {
  readonly name: string;
  readonly nodesMax: number;
  /** Types that a step may be the work of; empty: no such steps. */
  readonly children: readonly string[];
  /** The workflow has little time. */
  readonly isHasty: boolean;
  /** Mostly tasks that follow each other and meet again, without conditions: what the queue can run as trees. */
  readonly isPlain: boolean;
}

/** How likely each kind is. */
const kinds: Readonly<Record<NodeKind, number>> = { task: 40, map: 12, loop: 9, workflow: 14, plan: 9, approval: 9, signal: 5, sleep: 6, gather: 6 };
const second = 1_000;
const minute = 60 * second;

export function randomDefinition(random: Random, { name, nodesMax, children, isHasty, isPlain }: RandomDefinition): DefinitionInput {
  const nodes = randomNodes(random, { prefix: 'n', count: 1 + random.below(nodesMax), children, isPlanned: false, isPlain });
  const last = nodes.at(-1)?.id;
  return {
    name,
    version: 1,
    nodes,
    timeout_ms: isHasty ? 20 * second : random.pick([10 * minute, 24 * 60 * minute]),
    on_restart: random.pick(['return', 'retry']),
    conversation: random.pick(['isolated', 'shared']),
    ...(random.chance(0.2) && { result: { last: `$steps.${last}?`, score: '$context.a?' } }),
  };
}

export interface RandomNodes {
  readonly prefix: string;
  readonly count: number;
  readonly children: readonly string[];
  /** Part of a plan: no more than what a plan may say. */
  readonly isPlanned: boolean;
  readonly isPlain: boolean;
}

type Manner = Pick<RandomNodes, 'children' | 'isPlanned' | 'isPlain'>;

export function randomNodes(random: Random, { prefix, count, ...manner }: RandomNodes): NodeInput[] {
  const nodes: NodeInput[] = [];
  for (let index = 0; index < count; index += 1) {
    const before = nodes.map(({ id }) => id);
    const ends = before.filter((id) => nodes.every(({ needs = [] }) => !needs.includes(id)));
    const needs = manner.isPlain ? random.some(ends, 0.7) : random.some(before, 1.4 / Math.max(1, before.length)).slice(0, 4);
    nodes.push(randomNode(random, `${prefix}${index}`, needs, manner));
  }
  return nodes;
}

function randomNode(random: Random, id: string, needs: readonly string[], { children, isPlanned, isPlain }: Manner): NodeInput {
  const weights = {
    ...kinds,
    ...(needs.length === 0 && { gather: 0 }),
    ...((children.length === 0 || isPlanned) && { workflow: 0 }),
    ...(isPlanned && { plan: 2, task: 60 }),
    ...(isPlain && { task: 600 }),
  };
  const kind = random.weighted(weights);
  const isBare = isPlain && random.chance(0.85);
  const own: Fields = { ...byKind[kind](random, needs, children), ...(isBare && { rules: [] }) };
  return { ...(isBare ? bare(random, id, needs) : common(random, id, needs)), kind, ...own } as NodeInput;
}

type Fields = { readonly [name: string]: Json };

function common(random: Random, id: string, needs: readonly string[]): Fields {
  const need = needs[0];
  const conditions = ['params.flag', '!params.flag', ...(need === undefined ? [] : [`has(steps.${need})`])];
  return {
    id,
    needs,
    ...(needs.length > 0 && random.chance(0.5) && { join: join(random, needs.length) }),
    ...(random.chance(0.12) && { when: random.pick(conditions) }),
    ...(random.chance(0.25) && { optional: true }),
    ...(random.chance(0.7) && { writes: random.pick([['a'], ['a.b', 'c'], ['c']]) }),
    timeout_ms: random.chance(0.08) ? 2 * second : random.pick([30 * second, 10 * minute, 60 * minute]),
  };
}

/** Nothing that the engine would have to look at in between. */
function bare(random: Random, id: string, needs: readonly string[]): Fields {
  return { id, needs, writes: ['a'], timeout_ms: random.pick([30 * second, 10 * minute]) };
}

function join(random: Random, total: number): Fields {
  const k = 1 + random.below(total);
  return random.pick<Fields>([
    { kind: 'all' },
    { kind: 'settled' },
    { kind: 'settled' },
    { kind: 'any' },
    { kind: 'first', k },
    { kind: 'quorum', k, of: total },
  ]);
}

function work(random: Random, asked: string, given: Fields): Fields {
  return {
    capability: asked,
    params: given,
    retry: { attempts: 1 + random.below(3), backoff_ms: random.pick([0, 100, 5 * second]), jitter: 0 },
    attempt_timeout_ms: random.pick([second, minute]),
    repairs: random.below(3),
    ...(random.chance(0.08) && { ttl_ms: second }),
    ...(random.chance(0.3) && { fallback: ['work.d', 'work.e'].slice(0, 1 + random.below(2)) }),
    ...(random.chance(0.5) && { overloads: random.below(3) }),
  };
}

/** What makes some answers wrong: a number that is none, a number that is too small. */
function promises(random: Random): Fields {
  return {
    ...(random.chance(0.3) && { output: { type: 'object', properties: { n: { type: 'number' }, ok: {}, list: {} }, required: ['n'] } }),
    ...(random.chance(0.15) && { rules: [{ rule: 'has(output.n) && output.n > 0', message: 'n must be positive' }] }),
  };
}

function params(random: Random, needs: readonly string[]): Fields {
  const [first, ...others] = needs;
  return {
    seed: '$params.seed?',
    ...(first !== undefined && { first: random.pick([`$steps.${first}`, `$steps.${first}.n?`, `$steps.${first}.n?`, `$steps.${first}.n?`]) }),
    // What may be missing although it must be there.
    ...(first !== undefined && random.chance(0.1) && { must: { be: [`$steps.${first}.n`] } }),
    ...(needs.length === 1 && random.chance(0.2) && { previous: '$previous_result.list[0]?' }),
    ...(others.length > 0 && { others: others.map((need) => `$steps.${need}?`) }),
    ...(random.chance(0.2) && { score: '$context.a?', talk: '$conversation.c?' }),
  };
}

const capability = (random: Random): string => random.pick(['work.a', 'work.a', 'work.b', 'work.c']);
const childParams: Fields = { seed: '$params.seed?', flag: true, items: [1, 2] };

function aggregate(random: Random): Fields {
  return random.pick<Fields>([
    { strategy: 'list' },
    { strategy: 'merge' },
    { strategy: 'majority', of: 'n' },
    { strategy: 'majority' },
    { strategy: 'first', k: 2 },
    { strategy: 'sum', of: 'n' },
    { strategy: 'best', by: 'n' },
    { strategy: 'weighted', of: 'ok', weight: 'n' },
    { strategy: 'expression', expression: 'size(results)' },
  ]);
}

const byKind: { readonly [Kind in NodeKind]: (random: Random, needs: readonly string[], children: readonly string[]) => Fields } = {
  task: (random, needs) => ({ ...work(random, capability(random), params(random, needs)), ...promises(random) }),
  map: (random, needs, children) => ({
    over: random.pick<Json>(['$params.items', '$params.items', [1, 2, 3], [], needs[0] === undefined ? [7] : `$steps.${needs[0]}.list?`]),
    each:
      children.length > 0 && random.chance(0.2)
        ? { kind: 'workflow', type: random.pick(children), params: { ...childParams, item: '$item' } }
        : { ...work(random, capability(random), { item: '$item', index: '$index' }), ...promises(random) },
    concurrency: 1 + random.below(3),
    ...(random.chance(0.6) && { until: join(random, 3) }),
    ...(random.chance(0.6) && { aggregate: aggregate(random) }),
  }),
  loop: (random) => ({
    generate: work(random, 'work.a', { round: '$loop.round', previous: '$loop.previous?', feedback: '$loop.feedback?' }),
    critique: work(random, 'critic.score', { draft: '$loop.draft' }),
    max_iterations: 1 + random.below(3),
    ...random.pick<Fields>([{ threshold: 0.7 }, { threshold: 0.7, patience: 1 }, { until: 'score != null && score > 0.7' }]),
    on_exhausted: random.pick(['complete', 'degrade', 'fail']),
  }),
  workflow: (random, _, children) => ({ type: random.chance(0.05) ? 'no_such_type' : random.pick(children), params: childParams }),
  plan: (random, needs) => ({
    ...work(random, 'planner.plan', params(random, needs)),
    allow: random.chance(0.3) ? ['*'] : ['work.*', 'critic.*', 'planner.*'],
    nodes_max: 4,
    replans: random.below(3),
  }),
  approval: (random, needs) => ({
    params: { value: needs[0] === undefined ? 7 : `$steps.${needs[0]}.n?` },
    ...(random.chance(0.5) ? { approvers: ['ann', 'bob', 'cyd'], required: 1 + random.below(3) } : { required: 1 + random.below(2) }),
    on_expiry: random.pick(['fail', 'approve', 'reject']),
    on_reject: random.pick(['fail', 'complete']),
    ...(random.chance(0.6) && { webhook: 'http://127.0.0.1:1/hook' }),
  }),
  signal: (random) => ({ signal: random.pick(['go', 'stop']), on_expiry: random.pick(['fail', 'complete']) }),
  sleep: (random) => random.pick<Fields>([{ for_ms: 10 }, { for_ms: 5 * second }, { for_ms: 90 * second }, { until: '2026-01-01T00:00:30Z' }]),
  gather: (random) => ({ aggregate: aggregate(random) }),
};
