/**
 * Conditions, rules and computed values: CEL, the expression language of Kubernetes. It terminates and cannot call out. Numbers of JSON are
 * doubles to it; so that `n + 1` means what it says, our environment adds and compares doubles with ints. What comes out is JSON again.
 */
import { Environment } from '@marcbachmann/cel-js';
import type { Json } from './json.ts';

const environment = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false });
const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
};
for (const [operator, compute] of Object.entries(arithmetic)) {
  environment.registerOperator(`double ${operator} int`, (a: number, b: bigint) => compute(a, Number(b)));
  environment.registerOperator(`int ${operator} double`, (a: bigint, b: number) => compute(Number(a), b));
}
environment.registerOperator('double % double', (a: number, b: number) => a % b);

type Evaluate = (variables: Readonly<Record<string, unknown>>) => unknown;
const sourceLengthMax = 2_000;
const parsedMax = 2_000;
const parsed = new Map<string, Evaluate>();

export type Evaluated = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly message: string };

/** Why this is no expression, or null. */
export function expressionDefect(source: string): string | null {
  try {
    parse(source);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** An error of the expression (a missing field, two types that do not go together) is an outcome, not an exception. */
export function evaluate(source: string, variables: Readonly<Record<string, Json | undefined>>): Evaluated {
  try {
    return { ok: true, value: plain(parse(source)(variables)) };
  } catch (error) {
    return { ok: false, message: messageOf(error) };
  }
}

/** The subtasks that an expression names, as `steps.fetch` or `steps["fetch"]`. */
export function stepsNamedIn(source: string): readonly string[] {
  return [
    ...new Set(
      [...source.matchAll(/\bsteps\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*(?:"([^"]+)"|'([^']+)')\s*\])/g)].map(
        ([, word, double, single]) => (word ?? double ?? single) as string,
      ),
    ),
  ];
}

function parse(source: string): Evaluate {
  if (source.length > sourceLengthMax) throw new Error(`an expression has at most ${sourceLengthMax} characters`);
  const known = parsed.get(source);
  if (known !== undefined) return known;
  const evaluator = environment.parse(source) as unknown as Evaluate;
  if (parsed.size >= parsedMax) parsed.clear();
  parsed.set(source, evaluator);
  return evaluator;
}

function plain(value: unknown): Json {
  if (typeof value === 'bigint') return Number(value);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  throw new Error('the value is none of JSON');
}

function messageOf(error: unknown): string {
  return (error as Error).message.split('\n', 1)[0] as string;
}
