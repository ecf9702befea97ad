/** Dates as people write them, to `2024-01-31`. What can be read in two ways is read in the way the workflow says, and never guessed. */

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Each form with where its year, month and day stand. Two-digit years are not among them: nobody knows the century. */
const forms = [
  // 2024-01-31, 2024/1/31, with or without a time: the calendar day as written, whatever the zone
  { shape: /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]\d{1,2}:\d{2}.*)?$/, order: 'ymd' },
  { shape: /^(\d{4})(\d{2})(\d{2})$/, order: 'ymd' },
  // 31.01.2024 is written only where the day comes first
  { shape: /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/, order: 'dmy' },
  { shape: /^(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?:[T ]\d{1,2}:\d{2}.*)?$/, order: 'given' },
  // Jan 31 2024, January 31st, 2024, Wed, Jan 31, 2024
  { shape: /^(?:[a-z]{3,9},?\s+)?([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})$/i, order: 'mdy' },
  // 31 Jan 2024, 31-Jan-2024
  { shape: /^(?:[a-z]{3,9},?\s+)?(\d{1,2})(?:st|nd|rd|th)?[\s-]+([a-z]{3,9})\.?,?[\s-]+(\d{4})$/i, order: 'dmy' },
] as const;

/** @returns an ISO date, or null if the text is none that can be told for certain */
export function calendarDate(text: string, { dayFirst }: { readonly dayFirst: boolean }): string | null {
  for (const { shape, order } of forms) {
    const found = shape.exec(text);
    if (found === null) continue;
    const letters = order === 'given' ? (dayFirst ? 'dmy' : 'mdy') : order;
    const part = (letter: string): string => found[letters.indexOf(letter) + 1] ?? '';
    const date = isoDate(Number(part('y')), monthNumber(part('m')), Number(part('d')));
    if (date !== null) return date;
  }
  return null;
}

function monthNumber(text: string): number {
  return /^\d/.test(text) ? Number(text) : months.indexOf(text.slice(0, 3).toLowerCase()) + 1;
}

/** null for a day that no calendar has, like 31 February. */
function isoDate(year: number, month: number, day: number): string | null {
  const date = new Date(Date.UTC(year, month - 1, day));
  const isReal = year >= 1000 && date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isReal ? date.toISOString().slice(0, 10) : null;
}
