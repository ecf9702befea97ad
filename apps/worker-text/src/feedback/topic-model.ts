/**
 * What a heap of messages is about: non-negative matrix factorisation of their TF-IDF (Lee and Seung's multiplicative updates), by which each
 * message is a mixture of topics and each topic a mixture of terms. Deterministic: it begins with messages that differ most, not at random.
 * The cost of a round goes with the number of terms that stand in messages, not with messages times vocabulary.
 */
import { type Term, termsOf } from '../text/terms.ts';

export interface TopicModel {
  readonly topics: readonly { readonly terms: readonly string[] }[];
  /** By message; null: it shares no telling term with others. */
  readonly topicOf: readonly (number | null)[];
}

type Vector = ReadonlyMap<number, number>;

const rounds = 120;
const documentsPerTermMin = 2;
const sharePerTermMax = 0.5;
const termsPerTopic = 5;
/** What a message is about is in its nouns more than in its verbs. */
const nounWeight = 2;
const tiny = 1e-9;

export function modelTopics(texts: readonly string[], topicsMax: number): TopicModel {
  const documents = texts.map(termsOf);
  const vocabulary = vocabularyOf(documents);
  const vectors = documents.map((terms) => weigh(terms, vocabulary, texts.length));
  const used = vectors.flatMap((vector, index) => (vector.size > 0 ? [index] : []));
  const count = Math.min(topicsMax, used.length);
  if (count === 0) return { topics: [], topicOf: texts.map(() => null) };
  const rows = used.map((index) => vectors[index] as Vector);
  const { mixture, weights } = factorise(rows, seedsOf(rows, count), vocabulary.size);
  const names = [...vocabulary.values()];
  const topicOf: (number | null)[] = texts.map(() => null);
  for (const [row, index] of used.entries()) topicOf[index] = largest(mixture[row] as Float64Array);
  return { topics: weights.map((weight) => ({ terms: strongest(weight).map((term) => (names[term] as Entry).surface) })), topicOf };
}

interface Entry {
  readonly place: number;
  readonly documents: number;
  readonly surface: string;
}

/** The terms that say something: in two messages at least, and not in nearly all. */
function vocabularyOf(documents: readonly (readonly Term[])[]): ReadonlyMap<string, Entry> {
  const found = new Map<string, { documents: number; readonly surfaces: Map<string, number> }>();
  for (const terms of documents) {
    for (const { key } of new Map(terms.map((term) => [term.key, term])).values()) {
      const entry = found.get(key) ?? { documents: 0, surfaces: new Map() };
      entry.documents += 1;
      found.set(key, entry);
    }
    for (const { key, surface } of terms) found.get(key)?.surfaces.set(surface, (found.get(key)?.surfaces.get(surface) ?? 0) + 1);
  }
  const most = Math.max(documentsPerTermMin, documents.length * sharePerTermMax);
  const kept = [...found].filter(([, entry]) => entry.documents >= documentsPerTermMin && entry.documents <= most);
  return new Map(kept.map(([key, entry], place) => [key, { place, documents: entry.documents, surface: commonest(entry.surfaces) }]));
}

function commonest(counts: ReadonlyMap<string, number>): string {
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}

/** TF-IDF, of length 1, so that a long message counts no more than a short one. */
function weigh(terms: readonly Term[], vocabulary: ReadonlyMap<string, Entry>, total: number): Vector {
  const vector = new Map<number, number>();
  for (const { key, isNoun } of terms) {
    const entry = vocabulary.get(key);
    const weight = isNoun ? nounWeight : 1;
    if (entry !== undefined) vector.set(entry.place, (vector.get(entry.place) ?? 0) + weight * Math.log(1 + total / entry.documents));
  }
  const length = Math.sqrt([...vector.values()].reduce((sum, value) => sum + value * value, 0));
  return new Map([...vector].map(([place, value]) => [place, value / length]));
}

function similarity(a: Vector, b: Vector): number {
  return [...a].reduce((sum, [place, value]) => sum + value * (b.get(place) ?? 0), 0);
}

/** The most typical message, then always the one that is typical and least like those chosen. */
function seedsOf(rows: readonly Vector[], count: number): readonly Vector[] {
  const sum = new Map<number, number>();
  for (const row of rows) for (const [place, value] of row) sum.set(place, (sum.get(place) ?? 0) + value);
  const typical = rows.map((row) => similarity(row, sum));
  const closest = rows.map(() => 0);
  const seeds: Vector[] = [];
  while (seeds.length < count) {
    const scores = rows.map((_, index) => (typical[index] as number) * (1 - Math.min(1, closest[index] as number)));
    const seed = rows[largest(Float64Array.from(scores))] as Vector;
    seeds.push(seed);
    for (const [index, row] of rows.entries()) closest[index] = Math.max(closest[index] as number, similarity(row, seed));
  }
  return seeds;
}

interface Factors {
  /** How much of each topic is in each message. */
  readonly mixture: readonly Float64Array[];
  /** How much each topic has of each term. */
  readonly weights: readonly Float64Array[];
}

function factorise(rows: readonly Vector[], seeds: readonly Vector[], terms: number): Factors {
  const weights = seeds.map((seed) => Float64Array.from({ length: terms }, (_, term) => (seed.get(term) ?? 0) + 0.01));
  const mixture = rows.map((row) => Float64Array.from(seeds, (seed) => similarity(row, seed) + 0.01));
  for (let round = 0; round < rounds; round += 1) {
    const between = products(weights);
    for (const [index, row] of rows.entries())
      update(mixture[index] as Float64Array, (topic) => [...row].reduce((sum, [term, value]) => sum + value * cell(weights, topic, term), 0), between);
    updateWeights(rows, mixture, weights);
  }
  return { mixture, weights };
}

/** One row times what it should be over what it is. */
function update(row: Float64Array, wanted: (place: number) => number, between: readonly Float64Array[]): void {
  const is = Float64Array.from(row, (_, place) => row.reduce((sum, value, other) => sum + value * cell(between, other, place), 0));
  for (const [place, value] of row.entries()) row[place] = (value * wanted(place)) / ((is[place] as number) + tiny);
}

function updateWeights(rows: readonly Vector[], mixture: readonly Float64Array[], weights: readonly Float64Array[]): void {
  const wanted = weights.map((weight) => new Float64Array(weight.length));
  for (const [index, row] of rows.entries()) {
    for (const [term, value] of row) {
      for (const [topic, sum] of wanted.entries()) sum[term] = (sum[term] as number) + value * cell(mixture, index, topic);
    }
  }
  const between = weights.map((_, a) => Float64Array.from(weights, (__, b) => mixture.reduce((sum, row) => sum + (row[a] as number) * (row[b] as number), 0)));
  const is = weights.map((_, topic) =>
    Float64Array.from(weights[0] as Float64Array, (__, term) =>
      weights.reduce((sum, weight, other) => sum + cell(between, topic, other) * (weight[term] as number), 0),
    ),
  );
  for (const [topic, weight] of weights.entries()) {
    for (const [term, value] of weight.entries()) weight[term] = (value * cell(wanted, topic, term)) / (cell(is, topic, term) + tiny);
  }
}

function products(rows: readonly Float64Array[]): readonly Float64Array[] {
  return rows.map((a) => Float64Array.from(rows, (b) => a.reduce((sum, value, place) => sum + value * (b[place] as number), 0)));
}

function cell(rows: readonly Float64Array[], row: number, place: number): number {
  return (rows[row] as Float64Array)[place] as number;
}

function largest(values: Float64Array): number {
  return values.reduce((best, value, place) => (value > (values[best] as number) ? place : best), 0);
}

function strongest(weight: Float64Array): readonly number[] {
  const places = [...weight.keys()].toSorted((a, b) => (weight[b] as number) - (weight[a] as number) || a - b);
  const top = weight[places[0] as number] as number;
  return places.slice(0, termsPerTopic).filter((place) => (weight[place] as number) > top * 0.12);
}
