import { resolve } from 'node:path';
import { isAllowedUrl, parseDataRoots } from '@baton/files';
import { parseEnvironment } from '@baton/protocol';
import { expect, test } from 'vitest';
import { SalesEnvironment } from './environment.ts';

test('nothing may be read by default', () => {
  expect(parseEnvironment(SalesEnvironment, {}).BATON_DATA_ROOTS).toEqual({ directories: [], urls: [] });
});

test('directories and URL prefixes, with commas between them', () => {
  expect(parseEnvironment(SalesEnvironment, { BATON_DATA_ROOTS: 'data, /srv/sales,https://shop.example/export' }).BATON_DATA_ROOTS).toEqual({
    directories: [resolve('data'), '/srv/sales'],
    urls: ['https://shop.example/export/'],
  });
});

function withPassword() {
  return parseEnvironment(SalesEnvironment, { BATON_DATA_ROOTS: 'https://me:s3cret@shop.example/' });
}

test('a root with a password is refused, and the password is not told', () => {
  expect(withPassword).toThrow(/BATON_DATA_ROOTS: must be directories and URLs/);
  expect(withPassword).not.toThrow(/s3cret/);
});

test.each([
  ['https://shop.example/export/a.csv', true],
  ['https://shop.example/export', true],
  ['https://shop.example/exports/a.csv', false],
  ['https://shop.example.evil.example/export/a.csv', false],
  ['https://shop.example@evil.example/export/a.csv', false],
  ['http://shop.example/export/a.csv', false],
  ['https://shop.example:8443/export/a.csv', false],
  ['https://shop.example/export/../secret', false],
  ['https://shop.example/export/%2e%2e/secret', false],
  ['https://shop.example/export/..%2fsecret', false],
])('%s', (url, expected) => {
  expect(isAllowedUrl(parseDataRoots('https://shop.example/export'), new URL(url))).toBe(expected);
});
