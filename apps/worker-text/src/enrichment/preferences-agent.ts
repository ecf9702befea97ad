/** The preference agent: what a customer has agreed to be told, and how. Nobody is told anything who has not agreed. */
import { NonRetryableError } from '@baton/worker';
import { z } from 'zod';
import { CustomerId, type customerPreferences, Preferences } from '../capability/customer.ts';
import { readTable } from './table.ts';

type Input = z.output<typeof customerPreferences.input>;
type Output = z.output<typeof customerPreferences.output>;

const list = z.string().transform((text) => text.split('|').filter((item) => item !== ''));
const Consent = z.object({
  customer_id: CustomerId,
  language: z.string().min(2),
  channels: list.pipe(Preferences.shape.channels),
  topics: list,
  consented_at: z.iso.date(),
});

export function createCustomerPreferences(): (input: Input) => Output {
  const consents = readTable('preferences.csv', Consent, 'customer_id');
  return ({ customer_id }) => {
    const consent = consents.get(customer_id);
    if (consent === undefined) throw new NonRetryableError(`${customer_id} has agreed to nothing.`, { code: 'NO_PREFERENCES' });
    const { customer_id: _, ...preferences } = consent;
    return { preferences };
  };
}
