import { expect, test } from 'vitest';
import { csvRows } from './csv.ts';
import { textLines } from './text-line.ts';

async function rows(text: string, delimiter: string | null = null, chunkSize = 7) {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkSize) yield bytes.subarray(at, at + chunkSize);
  }
  const found: (string[] | string)[] = [];
  for await (const row of csvRows(textLines(chunks()), delimiter))
    found.push(row.kind === 'row' ? Object.values(row.record).map(String) : `${row.at}: ${row.reason}`);
  return found;
}

const notMatching = (at: number) => expect.stringMatching(new RegExp(`^${at}: the quotes do not match`));

test.each<[string, string, unknown[]]>([
  [
    'plain rows',
    'a,b\n1,2\n3,4\n',
    [
      ['1', '2'],
      ['3', '4'],
    ],
  ],
  [
    'no line end at the end, \\r\\n, a byte-order mark',
    '\ufeffa,b\r\n1,é\r\n3,4',
    [
      ['1', 'é'],
      ['3', '4'],
    ],
  ],
  ['empty lines', 'a,b\n\n1,2\n\n', [['1', '2']]],
  ['semicolons', 'a;b\n1,5;2\n', [['1,5', '2']]],
  ['tabs', 'a\tb\n1\t2\n', [['1', '2']]],
  [
    'quotes, with delimiter, quote and line end inside',
    'a,b\n"x,""y""\nz",2\n3,4\n',
    [
      ['x,"y"\nz', '2'],
      ['3', '4'],
    ],
  ],
  ['too few and too many fields', 'a,b\n1\n1,2,3\n4,5\n', ['2: 1 fields where the header has 2', '3: 3 fields where the header has 2', ['4', '5']]],
  ['text after a closing quote', 'a,b\n"x"y,1\n2,3\n', [notMatching(2), ['2', '3']]],
  ['a quote inside a field', 'a,b\n6" pipe,1\n7" pipe,2\n2,3\n', [notMatching(2), '3: a quote is opened and never closed', ['2', '3']]],
  ['a quote that is never closed takes only its own line', 'a,b\n"x,1\n2,3\n4,5\n', ['2: a quote is opened and never closed', ['2', '3'], ['4', '5']]],
  ['a quote never closed before a good quoted row', 'a,b\n"x,1\n2,"y"\n4,5\n', ['2: a quote is opened and never closed', ['2', 'y'], ['4', '5']]],
  ['nothing but a header', 'a,b\n', []],
  ['nothing', '', []],
])('%s', async (_, text, expected) => {
  expect(await rows(text)).toEqual(expected);
});

test('a quote that is never closed does not wait for the end of a long file', async () => {
  const text = `a,b\n"x,1\n${'2,3\n'.repeat(500)}`;
  const found = await rows(text, null, 4_096);
  expect(found[0]).toBe('2: a quote is opened and never closed');
  expect(found.slice(1)).toEqual(Array.from({ length: 500 }, () => ['2', '3']));
});

test('a column that is there twice is refused: one would be lost', async () => {
  await expect(rows('a,a\n1,2\n')).rejects.toThrow('The header has the column "a" twice: rename one.');
});
