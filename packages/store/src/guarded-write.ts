/** Writes to several keys that happen together, and only if a workflow is still at the revision that was read (commit.lua). */
import type { Redis } from './redis.ts';

export type Word = string | number;

/** One command on one key. */
export interface Write {
  readonly command: string;
  readonly key: string;
  readonly words: readonly Word[];
}

export interface Guard {
  /** Key of the workflow's hash. */
  readonly workflow: string;
  /** As `revisionText` has it; `'0'`: it must not exist. */
  readonly revision: string;
}

/** What may be created only while there are fewer than so many. */
export interface Ceiling {
  /** Of a hash of counts, which one of the writes raises. */
  readonly key: string;
  readonly field: string;
  readonly max: number;
}

/** Lua unpacks at most some 8,000 words into one command. Even, so that pairs stay together. */
const wordsMax = 2_000;

/** A command with as many words as there are: none at all without words, several if they are too many for one. */
export function write(command: string, key: string, words: readonly Word[]): readonly Write[] {
  const writes: Write[] = [];
  for (let from = 0; from < words.length; from += wordsMax) writes.push({ command, key, words: words.slice(from, from + wordsMax) });
  return writes;
}

/** Answers 1 if it wrote, 0 if the workflow is at another revision, -1 if it does not exist and there are as many as there may be. */
export function guardedWrite(redis: Redis, guard: Guard, writes: readonly Write[], ceiling?: Ceiling): Promise<number> {
  const keys = [guard.workflow, ...writes.map(({ key }) => key)];
  const words: Word[] = [guard.revision];
  for (const { command, words: rest } of writes) {
    words.push(rest.length + 1, command);
    for (const word of rest) words.push(word);
  }
  // What ends as soon as it begins raises no count.
  const counting = ceiling === undefined ? -1 : keys.indexOf(ceiling.key);
  if (ceiling === undefined || counting < 0) return redis.batonCommit(keys.length, [...keys, ...words]);
  return redis.batonCommitBelow(keys.length, [...keys, ...words, counting + 1, ceiling.field, ceiling.max]);
}
