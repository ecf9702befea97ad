/** A notification on its way out: the data of a job on the queue `webhooks`, and the headers that its receiver gets. */
import { z } from 'zod';
import { SchemaVersion } from './message.ts';

export const WebhookJob = z.object({
  schema_version: SchemaVersion,
  url: z.url({ protocol: /^https?$/ }),
  content: z.string().describe('The body to the letter: what is signed must be what is sent'),
  signature: z
    .string()
    .regex(/^[0-9a-f]+$/)
    .describe('HMAC-SHA256 of the content, hex'),
});
export type WebhookJob = z.output<typeof WebhookJob>;

export const webhookHeaders = {
  /** `sha256=<hex>`: whoever knows the secret can tell that it comes from us. */
  signature: 'x-baton-signature',
  /** The same for every attempt at one delivery. */
  delivery: 'x-baton-delivery',
} as const;
