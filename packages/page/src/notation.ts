/** Numbers and days as the report and its charts write them. English, as the report is. */

/** `12.50`, but `12`. */
const cents = { minimumFractionDigits: 2, maximumFractionDigits: 2, trailingZeroDisplay: 'stripIfInteger' } as const;

/** `$1.2B`, `$412K`; without a currency `1.2B`. */
export function shortAmount(value: number, currency: string | null): string {
  const size = Math.abs(value);
  const digits = size >= 1_000 ? { maximumSignificantDigits: 3 } : size >= 100 ? { maximumFractionDigits: 0 } : cents;
  return new Intl.NumberFormat('en-US', { notation: 'compact', ...digits, ...currencyStyle(currency) }).format(value);
}

/** `$1,234,567`, with cents only where they matter. */
export function fullAmount(value: number, currency: string | null): string {
  const digits = Math.abs(value) >= 1_000 ? { maximumFractionDigits: 0 } : cents;
  return new Intl.NumberFormat('en-US', { ...digits, ...currencyStyle(currency) }).format(value);
}

export function wholeNumber(value: number): string {
  return new Intl.NumberFormat('en-US').format(value);
}

/** `12%`, `0.4%`. */
export function share(value: number): string {
  return new Intl.NumberFormat('en-US', { style: 'percent', maximumFractionDigits: Math.abs(value) < 0.1 ? 1 : 0 }).format(value);
}

/** `+12%`, `−3.5%`, `×12` for what grew beyond what percent can tell; null where there is nothing to compare with. */
export function change(value: number | null): string | null {
  if (value === null) return null;
  if (value >= 9.995) return `×${wholeNumber(Math.round(value + 1))}`;
  return `${value > 0 ? '+' : value < 0 ? '−' : '±'}${share(Math.abs(value))}`;
}

/** `up 12%`, `down 3.5%`, `level`. */
export function moved(value: number): string {
  if (value === 0) return 'level';
  return `${value > 0 ? 'up' : 'down'} ${share(Math.abs(value))}`;
}

/** `Jul 12`, or `Jul 12, 2010`. */
export function day(date: string, { year }: { readonly year: boolean }): string {
  return new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', month: 'short', day: 'numeric', ...(year && { year: 'numeric' as const }) }).format(
    new Date(date),
  );
}

/** `Jan 18 – Jul 18, 2010`. */
export function span({ from, to }: { readonly from: string; readonly to: string }): string {
  return `${day(from, { year: from.slice(0, 4) !== to.slice(0, 4) })} – ${day(to, { year: true })}`;
}

function currencyStyle(currency: string | null) {
  return currency === null ? {} : ({ style: 'currency', currency } as const);
}
