/** What is looked up about a customer, at the same time and by agents that know nothing of each other; each answers under a key of its own. */
import { defineCapability } from '@baton/core';
import { z } from 'zod';

export const CustomerId = z.string().regex(/^C-\d{4}$/, 'must be a customer number like C-1042');

export const Credit = z.object({
  score: z.int().min(300).max(850),
  band: z.enum(['excellent', 'good', 'fair', 'poor']),
  limit_eur: z.int().min(0),
  reasons: z.array(z.string()),
});

export const customerCredit = defineCapability({
  name: 'customer.credit',
  input: z.object({ customer_id: CustomerId }),
  output: z.object({ credit: Credit }),
});

export const PostalAddress = z.object({
  name: z.string().min(1).max(200),
  street: z.string().max(200),
  city: z.string().max(200),
  postal_code: z.string().max(20),
  country: z.string().length(2).describe('ISO 3166-1 alpha-2'),
  phone: z.string().max(40).nullable().default(null),
});

const Finding = z.object({ field: z.string(), message: z.string() });

export const customerAddress = defineCapability({
  name: 'customer.address',
  input: PostalAddress,
  output: z.object({
    address: z.object({
      valid: z.boolean(),
      lines: z.array(z.string()).describe('As it stands on a parcel'),
      country_name: z.string(),
      phone: z.object({ e164: z.string(), kind: z.string().nullable(), country: z.string().nullable() }).nullable(),
      problems: z.array(Finding),
    }),
  }),
});

export const Preferences = z.object({
  language: z.string(),
  channels: z.array(z.enum(['email', 'sms', 'post', 'phone'])),
  topics: z.array(z.string()),
  consented_at: z.iso.date(),
});

export const customerPreferences = defineCapability({
  name: 'customer.preferences',
  input: z.object({ customer_id: CustomerId }),
  output: z.object({ preferences: Preferences }),
});

/** What came of it: any of the parts may be missing. */
export const Parts = z.object({
  credit: Credit.optional(),
  address: customerAddress.output.shape.address.optional(),
  preferences: Preferences.optional(),
});

export const customerProfile = defineCapability({
  name: 'customer.profile',
  input: z.object({ customer_id: CustomerId, name: z.string().min(1), parts: Parts }),
  output: z.object({
    profile_uri: z.string(),
    html_uri: z.string(),
    profile: z.object({
      customer_id: CustomerId,
      name: z.string(),
      ...Parts.shape,
      missing: z.array(z.enum(['credit', 'address', 'preferences'])),
      advice: z.array(z.string()),
    }),
  }),
});
export type Profile = z.output<typeof customerProfile.output>['profile'];
