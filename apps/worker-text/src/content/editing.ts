/** One text, put right by linters of prose: what they are sure of is changed, what only a person can decide is noted. */

import retextContractions from 'retext-contractions';
import retextEnglish from 'retext-english';
import retextIndefiniteArticle from 'retext-indefinite-article';
import retextPassive from 'retext-passive';
import retextQuotes from 'retext-quotes';
import retextReadability from 'retext-readability';
import retextRedundantAcronyms from 'retext-redundant-acronyms';
import retextRepeatedWords from 'retext-repeated-words';
import retextSentenceSpacing from 'retext-sentence-spacing';
import retextSimplify from 'retext-simplify';
import retextStringify from 'retext-stringify';
import { unified } from 'unified';

export interface Edit {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
}

export interface Note {
  readonly rule: string;
  readonly text: string;
  readonly message: string;
}

export interface Edited {
  readonly text: string;
  readonly edits: readonly Edit[];
  readonly notes: readonly Note[];
}

/** Who reads it, in years; for the hints on sentences that are hard to read. */
const readerAge = 16;
const linters = unified()
  .use(retextEnglish)
  .use(retextRepeatedWords)
  .use(retextSimplify, {
    ignore: [
      'it is',
      'there is',
      'there are',
      'vice',
      'very',
      'address',
      'function',
      'type',
      'option',
      'component',
      'state',
      'forward',
      'request',
      'however',
      'contain',
      'maintain',
      'minimum',
      'maximum',
    ],
  })
  .use(retextIndefiniteArticle)
  .use(retextRedundantAcronyms)
  .use(retextContractions)
  .use(retextSentenceSpacing)
  .use(retextQuotes)
  .use(retextPassive)
  .use(retextReadability, { age: readerAge })
  .use(retextStringify);

/** Where a linter leaves a choice, ours. */
const choices: Readonly<Record<string, string>> = {
  'due to the fact that': 'because',
  'point in time': 'moment',
  subsequently: 'then',
  'in the event that': 'if',
  numerous: 'many',
};
/** A change may make another one right: "a utility" after "a an". */
const passesMax = 3;

export async function edit(text: string): Promise<Edited> {
  const edits: Edit[] = [];
  let current = text;
  for (let pass = 0; pass < passesMax; pass += 1) {
    const found = await lint(current);
    const sure = found.flatMap(({ replacement, ...problem }) => (replacement === null ? [] : [{ ...problem, replacement }]));
    if (sure.length === 0) return { text: current, edits, notes: notesOf(found) };
    const applied = withoutOverlaps(sure);
    edits.push(...applied.map(({ rule, actual, replacement, following }) => ({ rule, from: actual + following, to: replacement + following })));
    current = applied.toReversed().reduce((changed, { start, end, replacement }) => changed.slice(0, start) + replacement + changed.slice(end), current);
  }
  return { text: current, edits, notes: notesOf(await lint(current)) };
}

interface Problem {
  readonly rule: string;
  readonly start: number;
  readonly end: number;
  readonly actual: string;
  readonly message: string;
  /** What belongs to it when it is told: the word of an article. */
  readonly following: string;
  /** What to show of it: its surroundings. */
  readonly shown: string;
  /** null: only a person can say. */
  readonly replacement: string | null;
}

async function lint(text: string): Promise<readonly Problem[]> {
  const { messages } = await linters.process(text);
  return messages.flatMap(({ source, reason, place, actual, expected }) => {
    if (place === undefined || place === null || !('start' in place) || typeof actual !== 'string') return [];
    const [start, end] = [place.start.offset, place.end.offset];
    if (start === undefined || end === undefined || text.slice(start, end) !== actual) return [];
    const rule = (source ?? 'retext').replace(/^retext-/, '');
    const following = rule === 'indefinite-article' ? (/^\s+\S+/.exec(text.slice(end))?.[0] ?? '').replace(/[.,;:!?]+$/, '') : '';
    return [{ rule, start, end, actual, following, shown: surroundings(text, start, end), message: reason, replacement: replacementFor(actual, expected) }];
  });
}

/** The words around it, cut at words. */
function surroundings(text: string, start: number, end: number): string {
  const before = text.slice(0, start).split(' ').slice(-5).join(' ');
  const after = text.slice(end).split(' ').slice(0, 6).join(' ');
  return `${before.length < start ? '…' : ''}${before}${text.slice(start, end)}${after}${end + after.length < text.length ? '…' : ''}`;
}

function replacementFor(actual: string, expected: readonly string[] | null | undefined): string | null {
  const chosen = expected?.length === 1 ? expected[0] : choices[actual.toLowerCase()];
  if (chosen === undefined || chosen === actual) return null;
  const isCapital = /^\p{Lu}/u.test(actual) && /^\p{Ll}/u.test(chosen);
  return isCapital ? chosen.slice(0, 1).toUpperCase() + chosen.slice(1) : chosen;
}

function withoutOverlaps<P extends { readonly start: number; readonly end: number }>(problems: readonly P[]): readonly P[] {
  let end = -1;
  return problems
    .toSorted((a, b) => a.start - b.start)
    .filter((problem) => {
      const isFree = problem.start >= end;
      if (isFree) end = problem.end;
      return isFree;
    });
}

function notesOf(problems: readonly Problem[]): readonly Note[] {
  return problems.filter(({ replacement }) => replacement === null).map(({ rule, shown, message }) => ({ rule, text: shown, message }));
}
