import { expect, test } from 'vitest';
import { redact } from './pii.ts';

test.each<[string, string]>([
  ['Write to jo.o’neil+shop@mail.example.org, please', 'Write to [email], please'],
  ['mail: anna_k@example.co.uk.', 'mail: [email].'],
  ['My card 4111 1111 1111 1111 was charged', 'My card [card] was charged'],
  ['card 5555-5555-5555-4444!', 'card [card]!'],
  ['Order 4111111111111112 is late', 'Order 4111111111111112 is late'],
  ['Call (020) 7946 0321 or +1 415 555 2671', 'Call [phone] or [phone]'],
  ['It cost 24.90 and took 12 days', 'It cost 24.90 and took 12 days'],
  ['Hi, this is Sophie Martin. All good', 'Hi, this is [name]. All good'],
  ['Maria Gonzalez and Tom Becker called', '[name] and [name] called'],
  ['The Ethiopia beans from Hamburg are great', 'The Ethiopia beans from Hamburg are great'],
  ['Will the kettle be back in May?', 'Will the kettle be back in May?'],
])('%s', (text, expected) => {
  expect(redact(text, { author: null, country: 'GB' }).text).toBe(expected);
});

test('a name that only the source knows is removed too, in any case, and only as a whole word', () => {
  const { text, removed } = redact('zbigniew here. ZBIGNIEW K. is not Zbigniewski.', { author: 'Zbigniew K.', country: 'PL' });
  expect(text).toBe('[name] here. [name] is not Zbigniewski.');
  expect(removed).toEqual({ email: 0, phone: 0, card: 0, name: 2 });
});

test('a name with characters that patterns are made of', () => {
  expect(redact('Signed, (A+B)* Ltd', { author: '(A+B)*', country: 'GB' }).text).toBe('Signed, [name] Ltd');
});
