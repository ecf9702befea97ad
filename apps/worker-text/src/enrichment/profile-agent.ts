/** The profile agent: what is known about a customer, for programs (JSON) and for people (HTML); what is missing is said. */
import type { FileExchange } from '@baton/files';
import type { HandlerContext } from '@baton/worker';
import type { z } from 'zod';
import type { customerProfile, Profile } from '../capability/customer.ts';
import { pageFont } from '../page-font.ts';
import { profilePage } from './profile-page.ts';

export interface ProfileAgentOptions {
  readonly exchange: FileExchange;
  readonly now: () => number;
}

type Input = z.output<typeof customerProfile.input>;
type Output = z.output<typeof customerProfile.output>;

const partNames = ['credit', 'address', 'preferences'] as const;

export function createCustomerProfile({ exchange, now }: ProfileAgentOptions): (input: Input, context: HandlerContext) => Promise<Output> {
  return async ({ customer_id, name, parts }, context) => {
    const missing = partNames.filter((part) => parts[part] === undefined);
    const profile = { customer_id, name, ...parts, missing, advice: adviceOn(parts) };
    const page = profilePage({ profile, workflowId: context.workflowId, generatedAt: now(), fontFace: await pageFont() });
    return {
      profile_uri: await exchange.write(context, 'profile.json', `${JSON.stringify(profile, null, 2)}\n`),
      html_uri: await exchange.write(context, 'profile.html', page.text),
      profile,
    };
  };
}

/** What the parts say together and none says alone. */
function adviceOn({ credit, address, preferences }: Input['parts']): Profile['advice'] {
  const advice: string[] = [];
  if (address !== undefined && !address.valid) advice.push('Ask for the address again before anything is sent.');
  if (credit?.limit_eur === 0) advice.push('Deliver against payment in advance only.');
  if (credit !== undefined && credit.limit_eur > 0 && address?.valid === true)
    advice.push(`May buy on account, up to ${credit.limit_eur.toLocaleString('en-US')} euros.`);
  if (preferences === undefined) advice.push('Send nothing but what an order needs: there is no consent on file.');
  else advice.push(`May be told about ${preferences.topics.join(' and ')} by ${preferences.channels.join(' or ')}, in ${languageName(preferences.language)}.`);
  return advice;
}

function languageName(code: string): string {
  return new Intl.DisplayNames('en', { type: 'language' }).of(code) ?? code;
}
