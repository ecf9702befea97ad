/** The generator agent: a naive first draft, and from then on what the reviewer's findings speak for, the most telling first. */
import type { z } from 'zod';
import type { codeGenerate, Draft, Review, Spec } from '../capability/code.ts';
import { type Evidence, separatorOf, strategies, tidyingFor, tidyings } from './strategies.ts';

type Input = z.output<typeof codeGenerate.input>;

/** Small steps, so that a review can tell what each was worth. */
const repairsMax = 2;

export function createCodeGenerate(): (input: Input) => Draft {
  return ({ spec, previous, review }) => {
    if (previous === undefined || review === undefined) return { source: render(spec, []), parts: [], repairs: ['a first, naive draft'] };
    const wanted = [...functionRepairs(spec, review, previous.parts), ...tidyRepairs(review, previous.parts)].slice(0, repairsMax);
    const parts = [...previous.parts, ...wanted.map(({ id }) => id)];
    const repairs = wanted.map(({ says }) => says);
    return { source: render(spec, parts), parts, repairs: repairs.length === 0 ? ['nothing: no strategy is left for what was found'] : repairs };
  };
}

interface Repair {
  readonly id: string;
  readonly says: string;
}

/** Those that explain most failures come first. */
function functionRepairs(spec: Spec, { feedback }: Review, have: readonly string[]): readonly Repair[] {
  const separator = separatorOf(spec);
  const evidence = feedback.failures.flatMap(({ example, actual, error }): Evidence[] => {
    const entry = spec.examples[example];
    if (entry === undefined) return [];
    const expected = 'returns' in entry && typeof entry.returns === 'string' ? entry.returns : null;
    return [{ example: entry, actual: typeof actual === 'string' ? actual : null, expected, error }];
  });
  return strategies
    .filter(({ id }) => !have.includes(id))
    .map((strategy) => ({ strategy, explained: evidence.filter((each) => strategy.speaksFor(each, spec, separator)).length }))
    .filter(({ explained }) => explained > 0)
    .toSorted((a, b) => b.explained - a.explained)
    .map(({ strategy }) => strategy);
}

function tidyRepairs({ feedback }: Review, have: readonly string[]): readonly Repair[] {
  const wanted = new Set(feedback.problems.map(tidyingFor));
  return tidyings.filter((tidying) => wanted.has(tidying) && !have.includes(tidying.id));
}

function render(spec: Spec, parts: readonly string[]): string {
  const { name, parameter, goal } = spec;
  const separator = separatorOf(spec);
  const chosen = strategies.filter(({ id }) => parts.includes(id));
  const guard = chosen.filter(({ id }) => id === 'refuse').flatMap((strategy) => strategy.lines(spec, separator));
  const steps = chosen.filter(({ id }) => id !== 'refuse').flatMap((strategy) => strategy.lines(spec, separator));
  const hasAll = parts.includes('symbols');
  const declare = parts.includes('declare') ? 'let' : 'var';
  const body = [
    ...guard,
    ...(parts.includes('used') ? [] : [`${declare === 'let' ? 'const' : 'var'} length = ${parameter}.length;`]),
    `${declare} text = ${parameter};`,
    ...(parts.includes('refuse') ? [] : [`if (text ${parts.includes('strict') ? '===' : '=='} null) return '';`]),
    ...(hasAll ? [] : [`text = text.replace(' ', '${separator}');`]),
    ...steps,
    'return text;',
  ];
  return `${comment(goal)}\nexport function ${name}(${parameter}) {\n${body.map((line) => `  ${line}`).join('\n')}\n}\n`;
}

const commentWidth = 80;

/** The goal as a comment, in lines of a readable length; it cannot end the comment. */
function comment(goal: string): string {
  const lines = [''];
  for (const word of goal.replaceAll('*/', '* /').split(/\s+/)) {
    const line = lines.at(-1) as string;
    if (line.length + word.length > commentWidth) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.length === 1 ? `/** ${lines[0]} */` : ['/**', ...lines.map((line) => ` * ${line}`), ' */'].join('\n');
}
