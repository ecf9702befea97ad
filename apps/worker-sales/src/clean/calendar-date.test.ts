import { expect, test } from 'vitest';
import { calendarDate } from './calendar-date.ts';

test.each<[string, string | null, string | null]>([
  ['2024-01-31', '2024-01-31', '2024-01-31'],
  ['2024/1/5', '2024-01-05', '2024-01-05'],
  ['20240131', '2024-01-31', '2024-01-31'],
  ['2024-01-31T23:30:00-08:00', '2024-01-31', '2024-01-31'],
  ['2024-01-31 23:30', '2024-01-31', '2024-01-31'],
  ['31.01.2024', '2024-01-31', '2024-01-31'],
  ['01/02/2024', '2024-01-02', '2024-02-01'],
  ['01/31/2024', '2024-01-31', null],
  ['31/01/2024', null, '2024-01-31'],
  ['Jun 12 1998', '1998-06-12', '1998-06-12'],
  ['June 12th, 1998', '1998-06-12', '1998-06-12'],
  ['Fri, Jun 12, 1998', '1998-06-12', '1998-06-12'],
  ['12 Jun 1998', '1998-06-12', '1998-06-12'],
  ['12-Jun-1998', '1998-06-12', '1998-06-12'],
  ['29 Feb 2023', null, null],
  ['2024-13-01', null, null],
  ['01/02/24', null, null],
  ['Foo 12 1998', null, null],
  ['yesterday', null, null],
  ['12', null, null],
])('%s', (text, monthFirst, dayFirst) => {
  expect(calendarDate(text, { dayFirst: false })).toBe(monthFirst);
  expect(calendarDate(text, { dayFirst: true })).toBe(dayFirst);
});
