/**
 * Payloads on their way out of a process and back into it: what is over the inline limit goes to the blob store first, and comes back from there.
 * **Invariant:** a reference is given out only once what it refers to is kept. **Invariant:** what comes back has the hash that was asked for, or it is lost.
 */
import { createHash } from 'node:crypto';
import { type BlobRef, type BlobStore, type Json, limits } from '@baton/core';
import { LRUCache } from 'lru-cache';
import { isLonger, join, type Place, split } from './out-of-line.ts';

/** Where something was taken out, and what. */
export interface OutRef extends BlobRef {
  readonly at: Place;
}

/** A value without what is kept out of line. */
export interface Light {
  readonly value: Json;
  readonly blobs: readonly OutRef[];
}

/** To be kept before anybody is told of it. */
export interface Blob {
  readonly workflowId: string;
  readonly sha256: string;
  readonly text: string;
}

export interface Payloads {
  readonly goesWithRecord: boolean;
  /**
   * @param text JSON
   * @param kept takes what must be kept
   * @returns null if nothing is over the limit
   */
  takeOut(workflowId: string, text: string, kept: Blob[]): Light | null;
  /** Once it returns, all of it is in the blob store. */
  keep(blobs: readonly Blob[]): Promise<void>;
  /** @param light is changed. @returns null if some of it is gone, is not what was kept, or has no place */
  bringBack(workflowId: string, light: Light): Promise<{ readonly value: Json } | null>;
  purge(workflowId: string): Promise<void>;
}

/** At the same time, of one call. */
const concurrency = 16;
/** Texts that were read: parameters that many subtasks share are fetched once. */
const readCharactersMax = 16 * 1024 * 1024;

const known = new WeakMap<BlobStore, Payloads>();

/** One for each blob store: whoever works on it in this process shares what was read. */
export function payloadsOf(store: BlobStore): Payloads {
  const payloads = known.get(store) ?? createPayloads(store);
  known.set(store, payloads);
  return payloads;
}

function createPayloads(store: BlobStore): Payloads {
  const read = new LRUCache<string, string>({ maxSize: readCharactersMax, sizeCalculation: (text) => Math.max(1, text.length) });

  async function textOf(workflowId: string, { sha256, bytes }: BlobRef): Promise<string | null> {
    const name = `${workflowId}/${sha256}`;
    const text = read.get(name) ?? (await store.get(workflowId, sha256));
    if (text === null || Buffer.byteLength(text) !== bytes || hashOf(text) !== sha256) return null;
    read.set(name, text);
    return text;
  }

  return {
    goesWithRecord: store.goesWithRecord,
    takeOut(workflowId, text, kept) {
      if (!isLonger(text, limits.inlineBytesMax)) return null;
      const { value, parts } = split(JSON.parse(text) as Json, text, limits.inlineBytesMax);
      const blobs = parts.map((part) => {
        const sha256 = hashOf(part.text);
        kept.push({ workflowId, sha256, text: part.text });
        return { at: part.at, sha256, bytes: Buffer.byteLength(part.text) };
      });
      return { value, blobs };
    },
    async keep(blobs) {
      const distinct = new Map(blobs.map((blob) => [`${blob.workflowId}/${blob.sha256}`, blob]));
      await inTurns([...distinct.values()], ({ workflowId, sha256, text }) => store.put(workflowId, sha256, text));
    },
    async bringBack(workflowId, { value, blobs }) {
      const refs = [...new Map(blobs.map((ref) => [ref.sha256, ref])).values()];
      const texts = new Map<string, string | null>();
      await inTurns(refs, async (ref) => void texts.set(ref.sha256, await textOf(workflowId, ref)));
      // Parsed for each place: nobody shares an object with anybody.
      const parts = blobs.flatMap(({ at, sha256 }) => {
        const part = parsed(texts.get(sha256) ?? '');
        return part === undefined ? [] : [{ at, value: part }];
      });
      const whole = parts.length < blobs.length ? undefined : join(value, parts);
      return whole === undefined ? null : { value: whole };
    },
    purge: (workflowId) => store.purge(workflowId),
  };
}

/** @returns undefined if it is no JSON: an agent may put anything there */
function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function inTurns<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const open = items.values();
  const work = async (): Promise<void> => {
    for (const item of open) await act(item);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, work));
}
