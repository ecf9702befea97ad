/** The credit agent: a score from the facts in a customer's file, by rules that can be told. Who has no file has no score. */
import { NonRetryableError } from '@baton/worker';
import { z } from 'zod';
import { CustomerId, type customerCredit } from '../capability/customer.ts';
import { readTable } from './table.ts';

type Input = z.output<typeof customerCredit.input>;
type Output = z.output<typeof customerCredit.output>;

const CreditFile = z.object({
  customer_id: CustomerId,
  accounts: z.coerce.number().int().min(0),
  oldest_account_years: z.coerce.number().int().min(0),
  late_payments_24m: z.coerce.number().int().min(0),
  utilisation_percent: z.coerce.number().min(0),
  recent_applications: z.coerce.number().int().min(0),
  default_on_file: z.enum(['yes', 'no']),
});
type CreditFile = z.output<typeof CreditFile>;

const [lowest, highest] = [300, 850];
/** Where nothing speaks for or against somebody. */
const middle = 620;

interface Rule {
  readonly points: (file: CreditFile) => number;
  readonly reason: (file: CreditFile) => string;
}

const rules: readonly Rule[] = [
  { points: ({ default_on_file }) => (default_on_file === 'yes' ? -150 : 0), reason: () => 'a default is on file' },
  {
    points: ({ late_payments_24m: late }) => (late === 0 ? 70 : -35 * late),
    reason: ({ late_payments_24m: late }) => (late === 0 ? 'no late payment in two years' : `${plural(late, 'late payment')} in two years`),
  },
  {
    points: ({ utilisation_percent: used }) => (used <= 30 ? 60 : used <= 60 ? 0 : -60),
    reason: ({ utilisation_percent: used }) => `${used}% of the credit is used`,
  },
  {
    points: ({ oldest_account_years: years }) => Math.min(60, years * 5),
    reason: ({ oldest_account_years: years }) => (years === 0 ? 'the first account is new' : `the oldest account is ${plural(years, 'year')} old`),
  },
  {
    points: ({ recent_applications: applications }) => -12 * applications,
    reason: ({ recent_applications: applications }) => plural(applications, 'recent application'),
  },
];

const bands = [
  { from: 740, band: 'excellent', limit_eur: 10_000 },
  { from: 670, band: 'good', limit_eur: 5_000 },
  { from: 580, band: 'fair', limit_eur: 1_500 },
  { from: lowest, band: 'poor', limit_eur: 0 },
] as const;

export function createCustomerCredit(): (input: Input) => Output {
  const files = readTable('credit-files.csv', CreditFile, 'customer_id');
  return ({ customer_id }) => {
    const file = files.get(customer_id);
    if (file === undefined) throw new NonRetryableError(`There is no credit file for ${customer_id}.`, { code: 'NO_CREDIT_FILE' });
    const judged = rules.map(({ points, reason }) => ({ points: points(file), reason: reason(file) })).filter(({ points }) => points !== 0);
    const score = Math.max(lowest, Math.min(highest, middle + judged.reduce((sum, { points }) => sum + points, 0)));
    const { band, limit_eur } = bands.find(({ from }) => score >= from) ?? bands[3];
    const reasons = judged
      .toSorted((a, b) => Math.abs(b.points) - Math.abs(a.points))
      .map(({ points, reason }) => `${points > 0 ? '+' : '−'}${Math.abs(points)}: ${reason}`);
    return { credit: { score, band, limit_eur, reasons } };
  };
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
