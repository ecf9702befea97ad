/** How many results become one ("Result Aggregation"): a table of pure strategies of one shape. Results come in a fixed order, that of their subtasks. */
import { z } from 'zod';
import { evaluate } from './expression.ts';
import { canonicalJson, isJsonObject, type Json } from './json.ts';
import { valueAt } from './reference.ts';

const path = z.string().regex(/^[\w-]+(\.[\w-]+)*$/, 'must be a dotted path into each result, like score or kpis.total');

export const Aggregate = z.discriminatedUnion('strategy', [
  /** All results, in order. */
  z.strictObject({ strategy: z.literal('list') }),
  /** One object; later keys win. */
  z.strictObject({ strategy: z.literal('merge') }),
  /** The most frequent value; ties: the first of the tied. Values are equal if their canonical JSON is. */
  z.strictObject({ strategy: z.literal('majority'), of: path.optional() }),
  z.strictObject({ strategy: z.literal('first'), k: z.int().min(1) }),
  z.strictObject({ strategy: z.literal('sum'), of: path.optional() }),
  z.strictObject({ strategy: z.literal('avg'), of: path.optional() }),
  z.strictObject({ strategy: z.literal('min'), of: path.optional() }),
  z.strictObject({ strategy: z.literal('max'), of: path.optional() }),
  /** Lists end to end, or texts with a separator. */
  z.strictObject({ strategy: z.literal('concat'), of: path.optional(), separator: z.string().default('') }),
  /** The whole result whose score is highest; ties: the first. */
  z.strictObject({ strategy: z.literal('best'), by: path }),
  /** The value with the greatest sum of weights. */
  z.strictObject({ strategy: z.literal('weighted'), of: path, weight: path }),
  /** Any CEL over `results`. */
  z.strictObject({ strategy: z.literal('expression'), expression: z.string().min(1) }),
]);
export type Aggregate = z.output<typeof Aggregate>;

type Aggregated = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly message: string };
type Strategy<Name extends Aggregate['strategy']> = (results: readonly Json[], options: Extract<Aggregate, { strategy: Name }>) => Aggregated;

const ok = (value: Json): Aggregated => ({ ok: true, value });
const fail = (message: string): Aggregated => ({ ok: false, message });

export const strategies: { readonly [Name in Aggregate['strategy']]: Strategy<Name> } = {
  list: (results) => ok(results),
  merge: (results) =>
    results.every(isJsonObject) ? ok(Object.fromEntries(results.flatMap((result) => Object.entries(result)))) : fail('merge needs results that are objects'),
  majority: (results, { of }) => ok(mostVotes(results.map((result) => ({ value: part(result, of) ?? null, weight: 1 })))),
  first: (results, { k }) => ok(results.slice(0, k)),
  sum: (results, { of }) => numbers(results, of, (values) => values.reduce((sum, value) => sum + value, 0)),
  avg: (results, { of }) => numbers(results, of, (values) => (values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length)),
  min: (results, { of }) => numbers(results, of, (values) => (values.length === 0 ? null : values.reduce((a, b) => Math.min(a, b)))),
  max: (results, { of }) => numbers(results, of, (values) => (values.length === 0 ? null : values.reduce((a, b) => Math.max(a, b)))),
  concat: (results, { of, separator }) =>
    concat(
      results.map((result) => part(result, of)),
      separator,
    ),
  best: (results, { by }) =>
    numbers(results, by, (scores) => (scores.length === 0 ? null : (results[scores.indexOf(scores.reduce((a, b) => Math.max(a, b)))] as Json))),
  weighted: (results, { of, weight }) =>
    numbers(results, weight, (weights) => mostVotes(results.map((result, index) => ({ value: part(result, of) ?? null, weight: weights[index] as number })))),
  expression: (results, { expression }) => evaluate(expression, { results }),
};

/** @param results in the order of their subtasks */
export function aggregate(results: readonly Json[], options: Aggregate): Aggregated {
  return (strategies[options.strategy] as Strategy<Aggregate['strategy']>)(results, options);
}

/** Strategies in which each result is somebody's vote: nobody has two (`onePerVoter`). */
export function isVote({ strategy }: Aggregate): boolean {
  return strategy === 'majority' || strategy === 'weighted';
}

function part(result: Json, of: string | undefined): Json | undefined {
  return of === undefined ? result : valueAt(result, of.split('.'));
}

function mostVotes(votes: readonly { readonly value: Json; readonly weight: number }[]): Json {
  const tally = new Map<string, { readonly value: Json; readonly weight: number }>();
  for (const { value, weight } of votes) {
    const key = canonicalJson(value);
    tally.set(key, { value: tally.get(key)?.value ?? value, weight: (tally.get(key)?.weight ?? 0) + weight });
  }
  return [...tally.values()].reduce<{ readonly value: Json; readonly weight: number }>((best, next) => (next.weight > best.weight ? next : best), {
    value: null,
    weight: Number.NEGATIVE_INFINITY,
  }).value;
}

function numbers(results: readonly Json[], of: string | undefined, reduce: (values: readonly number[]) => Json): Aggregated {
  const values = results.map((result) => part(result, of));
  if (!values.every((value) => typeof value === 'number')) return fail(`${of === undefined ? 'a result' : `"${of}" of a result`} is no number`);
  const value = reduce(values);
  return typeof value !== 'number' || Number.isFinite(value) ? ok(value) : fail('it is beyond all numbers');
}

function concat(values: readonly (Json | undefined)[], separator: string): Aggregated {
  if (values.every((value) => Array.isArray(value))) return ok((values as readonly (readonly Json[])[]).flat());
  return values.every((value) => typeof value === 'string') ? ok(values.join(separator)) : fail('concat needs results that are all lists or all texts');
}
