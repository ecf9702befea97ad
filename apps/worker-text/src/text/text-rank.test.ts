import { expect, test } from 'vitest';
import { keywordsOf, wordCount } from './keywords.ts';
import { sentencesOf } from './sentences.ts';
import { textRank } from './text-rank.ts';

test('the sentence that shares most with the others is the most central', () => {
  const ranks = textRank(['The harbour has boats and nets.', 'Boats, nets and fish fill the harbour market.', 'The market sells fish.', 'Clouds drift.']);
  expect(ranks.indexOf(1)).toBe(1);
  expect(Math.min(...ranks)).toBe(ranks[3]);
});

test.each([[[]], [['One sentence only here.']], [['...', '!!!']]])('%j has ranks without a number that is none', (sentences) => {
  expect(textRank(sentences).every((rank) => rank >= 0 && rank <= 1)).toBe(true);
});

test('sentences, words and keywords', () => {
  expect(sentencesOf('It costs 3.50 euros. Good? Yes!')).toEqual(['It costs 3.50 euros.', 'Good?', 'Yes!']);
  expect(wordCount("Don't stop – version 2 is well-made.")).toBe(6);
  expect(keywordsOf('The boats sail in the harbour. A boat, a net, two boats.', 2)[0]).toBe('boats');
});
