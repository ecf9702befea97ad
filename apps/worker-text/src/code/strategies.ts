/**
 * What the generator knows to put into a function that makes one text of another, and what speaks for it. A strategy is taken for what the reviewer
 * found (a test that failed with this value, a rule that was broken), never because of the examples themselves: the generator has not seen them run.
 */
import type { Example, LintProblem, Spec } from '../capability/code.ts';

/** A test that failed, with the example that it stands for. */
export interface Evidence {
  readonly example: Example;
  readonly actual: string | null;
  readonly expected: string | null;
  readonly error: string;
}

export interface Strategy {
  readonly id: string;
  /** For people. */
  readonly says: string;
  readonly lines: (spec: Spec, separator: string) => readonly string[];
  readonly speaksFor: (evidence: Evidence, spec: Spec, separator: string) => boolean;
}

const accents = /\p{M}/u;
const ligatures = /[ßæœøłđ]/i;

/** In the order in which they stand in the function: letters before separators, separators before lengths. */
export const strategies: readonly Strategy[] = [
  {
    id: 'refuse',
    says: 'refuse what is no text',
    lines: ({ parameter, name }) => [`if (typeof ${parameter} !== 'string') throw new TypeError('${name} takes a text.');`],
    speaksFor: ({ example }) => 'throws' in example,
  },
  {
    id: 'ligatures',
    says: 'write ß, æ, œ, ø, ł and đ with plain letters',
    lines: () => [
      "const plainLetters = { ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd' };",
      'for (const [letter, plain] of Object.entries(plainLetters)) {',
      '  text = text.replaceAll(letter, plain).replaceAll(letter.toUpperCase(), plain);',
      '}',
    ],
    speaksFor: ({ example }) => 'returns' in example && ligatures.test(textIn(example)) && !ligatures.test(wantedText(example)),
  },
  {
    id: 'accents',
    says: 'drop accents',
    lines: () => ["text = text.normalize('NFD').replaceAll(/\\p{M}/gu, '');"],
    speaksFor: ({ example }) => 'returns' in example && accents.test(textIn(example).normalize('NFD')) && !accents.test(wantedText(example).normalize('NFD')),
  },
  {
    id: 'lower',
    says: 'use small letters',
    lines: () => ['text = text.toLowerCase();'],
    speaksFor: ({ actual, expected }) => actual !== null && expected !== null && expected === expected.toLowerCase() && actual !== actual.toLowerCase(),
  },
  {
    id: 'symbols',
    says: 'put one separator in place of whatever is no letter or digit',
    lines: (_, separator) => [`text = text.replaceAll(/[^\\p{L}\\p{N}]+/gu, '${separator}');`],
    speaksFor: ({ actual, expected }, _, separator) => actual !== null && expected !== null && foreign(actual, separator) && !foreign(expected, separator),
  },
  {
    id: 'shorten',
    says: 'keep to the greatest length, and cut no word in two',
    lines: ({ length_max = 0 }, separator) => [
      `if (text.length > ${length_max}) {`,
      `  text = text.slice(0, ${length_max} + 1).replace(/${separator}[^${separator}]*$/, '').slice(0, ${length_max});`,
      '}',
    ],
    speaksFor: ({ actual, expected }, { length_max }) =>
      length_max !== undefined && actual !== null && expected !== null && actual.length > length_max && expected.length <= length_max,
  },
  {
    id: 'edges',
    says: 'leave no separator at either end',
    lines: (_, separator) => [`text = text.replaceAll(/^${separator}+|${separator}+$/g, '');`],
    speaksFor: ({ actual, expected }, _, separator) => actual !== null && expected !== null && hasEdge(actual, separator) && !hasEdge(expected, separator),
  },
];

export interface Tidying {
  readonly id: string;
  readonly says: string;
  readonly rules: readonly string[];
}

/** What the generator can do about a rule of the linter. */
export const tidyings: readonly Tidying[] = [
  { id: 'declare', says: 'declare with let and const instead of var', rules: ['no-var', 'prefer-const'] },
  { id: 'used', says: 'remove what is never used', rules: ['no-unused-vars'] },
  { id: 'strict', says: 'compare with ===', rules: ['eqeqeq'] },
];

export function tidyingFor({ rule }: LintProblem): Tidying | undefined {
  return tidyings.find(({ rules }) => rules.some((name) => rule.includes(`(${name})`)));
}

/** What stands between words in the answers that are wanted. */
export function separatorOf({ examples }: Spec): string {
  const all = examples.flatMap((example) => [...wantedText(example).matchAll(/[-_ ]/g)].map(([mark]) => mark));
  const counts = Map.groupBy(all, (mark) => mark);
  return [...counts.values()].toSorted((a, b) => b.length - a.length)[0]?.[0] ?? '-';
}

function wantedText(example: Example): string {
  return 'returns' in example && typeof example.returns === 'string' ? example.returns : '';
}

function textIn({ args }: Example): string {
  return args.filter((arg) => typeof arg === 'string').join(' ');
}

function foreign(text: string, separator: string): boolean {
  return /[^\p{L}\p{N}]/u.test(text.replaceAll(separator, '')) || text.includes(separator + separator);
}

function hasEdge(text: string, separator: string): boolean {
  return text.startsWith(separator) || text.endsWith(separator);
}
