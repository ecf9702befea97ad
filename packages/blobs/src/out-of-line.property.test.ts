/** Whatever the value: what is taken out and put back is what it was, what stays is short, and nothing in it is mistaken for a reference. */
import { createHash } from 'node:crypto';
import { type Json, limits, valueAt } from '@baton/core';
import { createMemoryBlobs } from '@baton/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { join, split } from './out-of-line.ts';
import { type Blob, payloadsOf } from './payloads.ts';

const long = fc.nat(60).map((length) => 'ä\u0000😀"'.repeat(length));
const lookalike = fc.constantFrom<Json>(
  { at: [], sha256: 'ab'.repeat(32), bytes: 3 },
  { by_reference: { value: null, blobs: [] } },
  '@[[[],"ab",3]]\nnull',
  null,
);
const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 8, depthSize: 'medium' },
    fc.oneof(fc.jsonValue() as fc.Arbitrary<Json>, long, lookalike),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', '0')), tie('value'), { maxKeys: 5 }) as fc.Arbitrary<Json>,
  ),
})).value;

test('what is split and joined is what it was, and what is left is within the limit', () => {
  fc.assert(
    fc.property(json, fc.integer({ min: 4, max: 300 }), (given, bytesMax) => {
      const text = JSON.stringify(given);
      const { value, parts } = split(JSON.parse(text) as Json, text, bytesMax);
      expect(Buffer.byteLength(JSON.stringify(value))).toBeLessThanOrEqual(bytesMax);
      expect(parts.every((part) => Buffer.byteLength(part.text) > bytesMax)).toBe(true);
      const joined = join(
        value,
        parts.map(({ at, text: part }) => ({ at, value: JSON.parse(part) as Json })),
      );
      expect(JSON.stringify(joined)).toBe(text);
    }),
    { numRuns: 500 },
  );
});

describe('payloads', () => {
  const text = (value: Json) => JSON.stringify(value);
  const rows = 'r'.repeat(limits.inlineBytesMax);

  async function out(value: Json) {
    const blobs = createMemoryBlobs();
    const payloads = payloadsOf(blobs);
    const kept: Blob[] = [];
    const light = payloads.takeOut('wf_1', text(value), kept);
    await payloads.keep(kept);
    return { blobs, payloads, light, kept };
  }

  test('what is short stays where it is', async () => {
    expect((await out({ a: 'x'.repeat(limits.inlineBytesMax - 8) })).light).toBeNull();
  });

  test('the same text is the same blob, wherever it stands', async () => {
    const { blobs, light } = await out({ result: { rows, more: [rows, { deep: { rows } }] }, context_update: { rows } });
    expect(light?.value).toEqual({ result: { rows: null, more: [null, { deep: { rows: null } }] }, context_update: { rows: null } });
    expect([light?.blobs.length, [...(blobs.texts.get('wf_1')?.keys() ?? [])]]).toEqual([4, [createHash('sha256').update(text(rows)).digest('hex')]]);
  });

  test('what is long for its many members goes out whole, and so does what is deeper than is looked', async () => {
    const many = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`member ${index}`, 'some text']));
    expect((await out({ result: many, note: 1 })).light).toMatchObject({ value: { result: null, note: 1 }, blobs: [{ at: ['result'] }] });
    let deep: Json = rows;
    for (let level = 0; level < 500; level += 1) deep = [deep];
    expect((await out(deep)).light?.blobs).toMatchObject([{ at: ['0', '0', '0', '0', '0', '0'] }]);
  });

  test.each<[what: string, spoil: (texts: Map<string, string>, sha256: string) => void]>([
    ['is gone', (texts, sha256) => texts.delete(sha256)],
    ['is another text', (texts, sha256) => texts.set(sha256, text(`${rows.slice(1)}x`))],
    ['is cut short', (texts, sha256) => texts.set(sha256, text(rows).slice(1))],
  ])('what %s is not brought back', async (_what, spoil) => {
    const { blobs, payloads, light, kept } = await out({ rows });
    spoil(blobs.texts.get('wf_1') as Map<string, string>, kept[0]?.sha256 as string);
    expect(await payloads.bringBack('wf_1', structuredClone(light) as NonNullable<typeof light>)).toBeNull();
  });

  test('what has the right hash and is no JSON, or belongs nowhere, is not brought back', async () => {
    const { payloads, light } = await out({ rows });
    const sha256 = createHash('sha256').update('{no').digest('hex');
    await payloads.keep([{ workflowId: 'wf_1', sha256, text: '{no' }]);
    expect(await payloads.bringBack('wf_1', { value: { rows: null }, blobs: [{ at: ['rows'], sha256, bytes: 3 }] })).toBeNull();
    const [ref] = light?.blobs ?? [];
    for (const at of [['absent'], ['rows', 'below'], ['__proto__'], ['taken']]) {
      expect(
        await payloads.bringBack('wf_1', { value: { rows: null, taken: 1 }, blobs: [{ at, sha256: ref?.sha256 ?? '', bytes: ref?.bytes ?? 0 }] }),
      ).toBeNull();
    }
  });

  test('nobody shares an object with anybody', async () => {
    const list = Array.from({ length: 10_000 }, (_, index) => `${index}`);
    const { payloads, light } = await out({ list });
    const [one, other] = await Promise.all([1, 2].map(() => payloads.bringBack('wf_1', structuredClone(light) as NonNullable<typeof light>)));
    expect([one, other]).toEqual([{ value: { list } }, { value: { list } }]);
    expect(valueAt(one?.value, ['list'])).not.toBe(valueAt(other?.value, ['list']));
  });
});
