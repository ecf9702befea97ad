/** Amounts as people write them, to numbers: `$1,234.50`, `(12.00)`, `1.234,50 €`, `-3`. A grouping that does not fit is refused, not guessed. */

/** Beyond it the sums would no longer be exact in DECIMAL(18, 4). */
const amountMax = 10_000_000_000_000;

const forms = {
  '.': { shape: /^(?:\d{1,3}(?:[,' ]\d{3})+|\d*)(?:\.\d*)?$/, grouping: /[,' ]/g, point: '.' },
  ',': { shape: /^(?:\d{1,3}(?:[.' ]\d{3})+|\d*)(?:,\d*)?$/, grouping: /[.' ]/g, point: ',' },
} as const;

/** @returns null if the text is no amount in this notation */
export function moneyAmount(text: string, decimal: '.' | ','): number | null {
  const plain = text
    .replace(/[\u00a0\u202f\u2009]/g, ' ')
    .replace(/\u2212/g, '-')
    .trim();
  const isInBrackets = /^\(.*\)$/.test(plain);
  const bare = plain
    .replace(/^\((.*)\)$/, '$1')
    .replace(/^([-+]?)\s*(?:\p{Sc}|[A-Z]{1,3}\$|[A-Z]{3}\b)\s*/u, '$1')
    .replace(/\s*(?:\p{Sc}|\b[A-Z]{3})$/u, '')
    .trim();
  const sign = /^[-+]/.exec(bare)?.[0] ?? '';
  const digits = bare.slice(sign.length).trim();
  const { shape, grouping, point } = forms[decimal];
  if (!/\d/.test(digits) || !shape.test(digits)) return null;
  const size = Number(digits.replace(grouping, '').replace(point, '.'));
  if (size > amountMax) return null;
  return size !== 0 && (sign === '-' || isInBrackets) ? -size : size;
}
