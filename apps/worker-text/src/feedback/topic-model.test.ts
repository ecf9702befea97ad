import { expect, test } from 'vitest';
import type { ScoredMessage } from '../capability/feedback.ts';
import { actionItems, moodsOf } from './action-items.ts';
import { requestsIn } from './requests.ts';
import { modelTopics } from './topic-model.ts';

const texts = [
  'The parcel and its tracking are late.',
  'Where is my parcel? The tracking does not move.',
  'The courier lost my parcel.',
  'The grinder broke, and the burrs of the grinder are blunt.',
  'My grinder needs burrs.',
  'A grinder with a broken motor.',
  'Zzyzx',
];

test('messages that share their nouns share a topic; what shares none has none', () => {
  const { topics, topicOf } = modelTopics(texts, 2);
  const [parcel, grinder] = [topicOf[0], topicOf[3]];
  expect(topicOf).toEqual([parcel, parcel, parcel, grinder, grinder, grinder, null]);
  expect(parcel).not.toBe(grinder);
  expect(topics.map(({ terms }) => terms[0] ?? '').toSorted()).toEqual(['grinder', 'parcel']);
});

test('the same messages have the same topics, always', () => {
  expect(modelTopics(texts, 3)).toEqual(modelTopics([...texts], 3));
});

test.each([[[]], [['']], [['a b c', '!!!']]])('nothing to tell apart: %j', (given) => {
  expect(modelTopics(given, 5)).toEqual({ topics: [], topicOf: given.map(() => null) });
});

function message(id: string, mood: ScoredMessage['mood'], text: string): ScoredMessage {
  return { id, mood, text, score: mood === 'negative' ? -0.5 : 0.5, date: null, rating: null, channel: null };
}

test('a topic that hurts becomes an action for the team that its complaints name, with quotes; one that does not is left alone', () => {
  const sore = ['1', '2', '3', '4'].map((id) => message(id, id === '4' ? 'positive' : 'negative', `I was charged twice (${id}). Regards, [name]`));
  const fine = ['5', '6', '7'].map((id) => message(id, 'positive', 'lovely grinder'));
  const topics = moodsOf(
    [
      { label: 'card', terms: [], count: 4 },
      { label: 'grinder', terms: [], count: 3 },
    ],
    new Map([...sore.map(({ id }) => [id, 0] as const), ...fine.map(({ id }) => [id, 1] as const)]),
    [...sore, ...fine],
  );
  expect(actionItems(topics)).toEqual([
    {
      priority: 'high',
      team: 'Billing',
      action: expect.stringContaining('double charges'),
      because: '3 of 4 messages about card are negative',
      topic: 'card',
      quotes: [
        { id: '1', text: 'I was charged twice (1).' },
        { id: '2', text: 'I was charged twice (2).' },
      ],
    },
  ]);
});

test('complaints that no rule knows still become an action', () => {
  const messages = ['1', '2', '3'].map((id) => message(id, 'negative', 'The trombone is flat'));
  const topics = moodsOf([{ label: 'trombone', terms: [], count: 3 }], new Map(messages.map(({ id }) => [id, 0])), messages);
  expect(actionItems(topics)).toMatchObject([{ team: 'Customer care', action: 'Find out what is behind “trombone”' }]);
});

test('what customers ask for is their own sentence', () => {
  expect(requestsIn([message('1', 'neutral', 'All good. Could you please sell smaller bags? Thanks.'), message('2', 'neutral', 'No wishes here.')])).toEqual([
    { id: '1', text: 'Could you please sell smaller bags?' },
  ]);
});
