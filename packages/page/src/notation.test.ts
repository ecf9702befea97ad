import { expect, test } from 'vitest';
import { change, day, fullAmount, moved, share, shortAmount, span } from './notation.ts';

test.each<[string, string]>([
  [shortAmount(4_696_552_549, 'USD'), '$4.7B'],
  [shortAmount(348_123_098, 'USD'), '$348M'],
  [shortAmount(1_500, 'EUR'), '€1.5K'],
  [shortAmount(244.32, 'EUR'), '€244'],
  [shortAmount(12.5, 'USD'), '$12.50'],
  [shortAmount(12, 'USD'), '$12'],
  [shortAmount(-1_500, 'USD'), '-$1.5K'],
  [shortAmount(0, null), '0'],
  [fullAmount(1_527.4, 'EUR'), '€1,527'],
  [fullAmount(99.5, null), '99.50'],
  [share(0.371), '37%'],
  [share(0.0041), '0.4%'],
  [change(0.12) ?? '', '+12%'],
  [change(-0.035) ?? '', '−3.5%'],
  [change(0) ?? '', '±0%'],
  [change(11) ?? '', '×12'],
  [moved(0.097), 'up 9.7%'],
  [moved(-0.5), 'down 50%'],
  [moved(0), 'level'],
  [day('2010-07-12', { year: true }), 'Jul 12, 2010'],
  [span({ from: '2010-01-18', to: '2010-07-18' }), 'Jan 18 – Jul 18, 2010'],
  [span({ from: '2009-12-28', to: '2010-07-18' }), 'Dec 28, 2009 – Jul 18, 2010'],
])('%s', (text, expected) => {
  expect(text).toBe(expected);
});

test('what has nothing to be compared with has no change', () => {
  expect(change(null)).toBeNull();
});
