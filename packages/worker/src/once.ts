/**
 * `once` of the handler's context: an effect's result, kept for the attempts that follow.
 * **Invariant:** what the first attempt gets is what the later ones get, so the result goes through JSON and back at the first time too.
 * What cannot be kept fails for good: another attempt would repeat the effect, not mend it.
 */
import { limits } from '@baton/core';
import { type Delivery, LockLostError } from '@baton/queue';
import { NonRetryableError } from './errors.ts';
import type { HandlerContext } from './handler-context.ts';

export function createOnce({ onceCalls, controller }: Pick<Delivery, 'onceCalls' | 'controller'>): HandlerContext['once'] {
  const { signal } = controller;
  /** By key: what those of this attempt have come to, as text. */
  const calls = new Map<string, Promise<string>>();

  async function find(key: string): Promise<string | null> {
    try {
      const { found, keys } = await onceCalls.find(key);
      if (found === null) checkRoom(new Set([...keys, ...calls.keys()]).size);
      return found;
    } catch (error) {
      // Whatever the handler makes of it: this attempt is over.
      if (error instanceof LockLostError) controller.abort(error);
      throw error;
    }
  }

  async function call(key: string, effect: () => unknown): Promise<string> {
    const found = await find(key);
    if (found !== null) return found;
    signal.throwIfAborted();
    return await onceCalls.keep(key, textOf(key, await effect()));
  }

  return async <Result>(key: string, effect: () => Result | Promise<Result>): Promise<Result> => {
    checkKey(key);
    signal.throwIfAborted();
    const called = calls.get(key) ?? call(key, effect);
    calls.set(key, called);
    try {
      return resultOf(await called) as Result;
    } catch (error) {
      // It has come to nothing, so it may be tried again.
      if (calls.get(key) === called) calls.delete(key);
      throw error;
    }
  };
}

/** Nothing is not null. */
const nothing = '';

function resultOf(text: string): unknown {
  return text === nothing ? undefined : JSON.parse(text);
}

function textOf(key: string, result: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(result) ?? nothing;
  } catch (cause) {
    const message = `What once("${key}") came to is not JSON (${(cause as Error).message}), so it cannot be kept: return plain values.`;
    throw new NonRetryableError(message, { code: 'ONCE_NOT_JSON', cause });
  }
  const bytes = Buffer.byteLength(text);
  if (bytes <= limits.heldInlineBytesMax) return text;
  const message = `What once("${key}") came to has ${bytes} bytes, more than ${limits.heldInlineBytesMax}: return what names it, an id or a URI.`;
  throw new NonRetryableError(message, { code: 'PAYLOAD_TOO_LARGE' });
}

function checkKey(key: string): void {
  if (key.length > 0 && key.length <= limits.onceKeyLengthMax) return;
  const message = `A key of once has 1 to ${limits.onceKeyLengthMax} characters, this one ${key.length}: name the effect, like "charge".`;
  throw new NonRetryableError(message, { code: 'BAD_ONCE_KEY' });
}

function checkRoom(keys: number): void {
  if (keys <= limits.onceKeysMax) return;
  const message = `One subtask can do ${limits.onceKeysMax} things once, this would be one more: make each its own subtask, with a map.`;
  throw new NonRetryableError(message, { code: 'TOO_MANY_ONCE_KEYS' });
}
