/**
 * Values of a label that come from outside: names of types and capabilities, codes of errors. Each is a time series for as long as the process lives, so
 * only the first so many are told apart; all others are one, called `other`.
 */
export type LabelValues = (value: string) => string;

export const otherValue = 'other';

export function labelValues(valuesMax: number): LabelValues {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= valuesMax) return otherValue;
    known.add(value);
    return value;
  };
}
