/** `once` without Redis: what was kept is a map, and a second attempt is a second delivery with the same one. */
import { limits } from '@baton/core';
import { LockLostError } from '@baton/queue';
import { describe, expect, test } from 'vitest';
import { callsInMemory, delivery, fine, type Handler, reportOf, run } from './attempt-under-test.ts';

/** Attempts of one dispatch. */
function attempts(kept = new Map<string, string>()) {
  const attempt = (handler: Handler) => run(handler, delivery({ onceCalls: callsInMemory(kept) }));
  return { kept, attempt };
}

describe('in the attempts of a dispatch', () => {
  test('an effect is had once, and the next attempt gets what it came to', async () => {
    const { attempt, kept } = attempts();
    const seen: unknown[] = [];
    let effects = 0;
    const handler: Handler = async (_input, { once }) => {
      seen.push(await once('charge', () => ({ id: `charge ${(effects += 1)}` })));
      throw new Error('too early');
    };
    await attempt(handler);
    await attempt(handler);
    expect({ effects, seen }).toEqual({ effects: 1, seen: [{ id: 'charge 1' }, { id: 'charge 1' }] });
    expect([...kept]).toEqual([['charge', '{"id":"charge 1"}']]);
  });

  test.each<[what: string, came: unknown, got: unknown]>([
    ['nothing is nothing', undefined, undefined],
    ['null is null', null, null],
    ['a date is a string', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['a member that is not there', { a: undefined, b: 1 }, { b: 1 }],
  ])('the first gets what the next ones get: %s', async (_what, came, got) => {
    const { attempt } = attempts();
    const seen: unknown[] = [];
    const handler: Handler = async (_input, { once }) => {
      seen.push(await once('it', () => came));
      return fine;
    };
    await attempt(handler);
    await attempt(handler);
    expect(seen).toEqual([got, got]);
  });

  test('who calls it twice in one attempt, at the same time or not, has the effect once', async () => {
    let effects = 0;
    const charge = async () => (effects += 1);
    await run(async (_input, { once }) => {
      expect(await Promise.all([once('charge', charge), once('charge', charge)])).toEqual([1, 1]);
      expect(await once('charge', charge)).toBe(1);
      return fine;
    });
    expect(effects).toBe(1);
  });

  test('keys are effects of their own', async () => {
    await run(async (_input, { once }) => {
      expect(await Promise.all(['a', 'b'].map((key) => once(key, () => key)))).toEqual(['a', 'b']);
      return fine;
    });
  });

  test('what an effect throws is not kept: it is tried again, in the same attempt too', async () => {
    const { attempt, kept } = attempts();
    await attempt(async (_input, { once }) => {
      await expect(once('charge', () => Promise.reject(new Error('no answer')))).rejects.toThrow('no answer');
      expect(kept.size).toBe(0);
      expect(await once('charge', () => 'charged')).toBe('charged');
      return fine;
    });
    expect([...kept]).toEqual([['charge', '"charged"']]);
  });
});

describe('another attempt at the same time', () => {
  test('what was kept first counts, for the one that comes later too', async () => {
    const { attempt, kept } = attempts();
    await attempt(async (_input, { once }) => {
      const got = await once('charge', () => {
        kept.set('charge', '"of the other"');
        return 'ours';
      });
      expect(got).toBe('of the other');
      return fine;
    });
    expect(kept.get('charge')).toBe('"of the other"');
  });

  test('has the job: no effect begins, and whatever the handler makes of that, the attempt is lost', async () => {
    const onceCalls = { ...callsInMemory(), find: () => Promise.reject(new LockLostError('Lost.')) };
    const handler: Handler = async (_input, { once }) => {
      await once('charge', () => expect.unreachable()).catch(() => {});
      return fine;
    };
    expect((await run(handler, delivery({ onceCalls }))).verdict).toEqual({ kind: 'lost' });
  });

  test('was told to stop: no effect begins, whether it is told before the call or in it', async () => {
    for (const abortsIn of ['handler', 'find'] as const) {
      const controller = new AbortController();
      const abort = (): void => controller.abort(new LockLostError('Lost.'));
      const calls = callsInMemory();
      const onceCalls: typeof calls = {
        ...calls,
        find: (key) => {
          abort();
          return calls.find(key);
        },
      };
      const over = Promise.withResolvers<unknown>();
      const handler: Handler = async (_input, { once }) => {
        if (abortsIn === 'handler') abort();
        over.resolve(await once('charge', () => expect.unreachable()).catch((error) => error.code));
      };
      await run(handler, delivery({ controller, onceCalls }));
      expect(await over.promise).toBe('LOCK_LOST');
    }
  });
});

describe('limits', () => {
  const failed = (code: string, message: RegExp) => ({ status: 'failed', error: { code, message: expect.stringMatching(message) } });

  test.each<[what: string, came: unknown, code: string, message: RegExp]>([
    ['too big', 'x'.repeat(limits.heldInlineBytesMax), 'PAYLOAD_TOO_LARGE', /once\("it"\) came to has 262146 bytes, more than 262144: return what names it/],
    ['not JSON', { n: 1n }, 'ONCE_NOT_JSON', /is not JSON .*return plain values/],
  ])('what is %s is not kept, and not worth another attempt', async (_what, came, code, message) => {
    const { attempt, kept } = attempts();
    expect(reportOf(await attempt((_input, { once }) => once('it', () => came))).outcome).toMatchObject(failed(code, message));
    expect(kept.size).toBe(0);
  });

  test.each(['', 'x'.repeat(limits.onceKeyLengthMax + 1)])('a key names an effect (%#)', async (key) => {
    const { outcome } = reportOf(await run((_input, { once }) => once(key, () => expect.unreachable())));
    expect(outcome).toMatchObject(failed('BAD_ONCE_KEY', /1 to 200 characters/));
  });

  test('one effect more than may be kept does not happen, also if those before it were of another attempt', async () => {
    const { attempt } = attempts();
    const half = limits.onceKeysMax / 2;
    const some = (from: number, count: number) => Array.from({ length: count }, (_, index) => `key ${from + index}`);
    await attempt(async (_input, { once }) => {
      await Promise.all(some(0, half).map((key) => once(key, () => key)));
      throw new Error('too early');
    });
    const ran = await attempt(async (_input, { once }) => {
      expect(await Promise.all(some(half, half).map((key) => once(key, () => key)))).toHaveLength(half);
      expect(await once('key 0', () => expect.unreachable())).toBe('key 0');
      return await once('one more', () => expect.unreachable());
    });
    expect(reportOf(ran).outcome).toMatchObject(failed('TOO_MANY_ONCE_KEYS', /can do 100 things once/));
  });
});
