import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type Json, jsonHash, pointer } from './json.ts';

describe('canonical JSON', () => {
  it('prints the same value the same way, and reads back as it was', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: true })).toBe('{"a":true,"b":[1,{"c":"x","d":null}]}');
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = canonicalJson(value as Json);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text) as Json)).toBe(text);
      }),
    );
  });

  it('hashes by value, not by the order of keys', () => {
    expect(jsonHash({ a: 1, b: 2 })).toBe(jsonHash({ b: 2, a: 1 }));
    expect(jsonHash({ a: 1 })).not.toBe(jsonHash({ a: 2 }));
  });
});

it('escapes the parts of a JSON Pointer', () => {
  expect(pointer('nodes', 0, 'a/b~c')).toBe('/nodes/0/a~1b~0c');
});
