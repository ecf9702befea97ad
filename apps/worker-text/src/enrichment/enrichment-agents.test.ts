import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { NonRetryableError } from '@baton/worker';
import { expect, onTestFinished, test } from 'vitest';
import { startAgents } from '../fixture/agents.ts';

async function setUp() {
  const agents = await startAgents([]);
  onTestFinished(() => agents[Symbol.asyncDispose]());
  return agents;
}

const berlin = { name: 'Ada Lovelace', street: 'Unter den Linden 77', city: 'Berlin', postal_code: '10117', country: 'de', phone: '030 901820' };

test.each<[string, string, number]>([
  ['C-1001', 'excellent', 10_000],
  ['C-1002', 'fair', 1_500],
  ['C-1007', 'poor', 0],
])('credit of %s is %s', async (customer_id, band, limit_eur) => {
  const { output } = await (await setUp()).call('customer.credit', { customer_id });
  expect(output.credit).toMatchObject({ band, limit_eur });
  expect(output.credit.score).toBeGreaterThanOrEqual(300);
  expect(output.credit.score).toBeLessThanOrEqual(850);
  expect(output.credit.reasons.length).toBeGreaterThan(0);
});

test.each(['customer.credit', 'customer.preferences'])('%s of an unknown customer fails for good, of none it is bad input', async (capability) => {
  const agents = await setUp();
  await expect(agents.call(capability, { customer_id: 'C-9999' })).rejects.toBeInstanceOf(NonRetryableError);
  await expect(agents.call(capability, { customer_id: '1042' })).rejects.toThrow(/customer number/);
});

test('preferences are what was agreed to', async () => {
  const { output } = await (await setUp()).call('customer.preferences', { customer_id: 'C-1001' });
  expect(output).toEqual({ preferences: { language: 'en', channels: ['email', 'post'], topics: ['espresso', 'new roasts'], consented_at: '2024-11-02' } });
});

test('a right address is written as its country writes it, with the phone number in full', async () => {
  const { output } = await (await setUp()).call('customer.address', berlin);
  expect(output.address).toEqual({
    valid: true,
    lines: ['Ada Lovelace', 'Unter den Linden 77', '10117 Berlin', 'Germany'],
    country_name: 'Germany',
    phone: { e164: '+4930901820', kind: 'fixed line', country: 'DE' },
    problems: [],
  });
});

test.each<[string, object, readonly string[]]>([
  ['a postal code of another country', { postal_code: 'SW1A 1AA' }, ['"SW1A 1AA" is no postal code of Germany.']],
  ['no country', { country: 'QZ', phone: '+49 30 901820' }, ['"QZ" is no country.']],
  ['no street', { street: ' ' }, ['There is no street.']],
  ['no house number', { street: 'Unter den Linden' }, ['"Unter den Linden" has no house number.']],
  ['a wrong phone number', { phone: '12' }, ['"12" is no phone number.']],
  [
    'everything',
    { street: '', city: '', postal_code: '', phone: 'x' },
    ['There is no street.', 'There is no city.', 'There is no postal code.', '"x" is no phone number.'],
  ],
])('%s is told, and is no failure', async (_, change, messages) => {
  const { output } = await (await setUp()).call('customer.address', { ...berlin, ...change });
  expect(output.address.valid).toBe(false);
  expect(output.address.problems.map(({ message }: { message: string }) => message)).toEqual(messages);
});

test.each<[string, string, string, readonly string[]]>([
  ['GB', 'London', 'sw1a 1aa', ['London', 'SW1A 1AA', 'United Kingdom']],
  ['US', 'Austin, TX', '78701', ['Austin, TX 78701', 'United States']],
])('in %s the postal code has its own place', async (country, city, postal_code, lines) => {
  const { output } = await (await setUp()).call('customer.address', { name: 'A', street: '1 Main St', city, postal_code, country });
  expect(output.address).toMatchObject({ valid: true, lines: ['A', '1 Main St', ...lines] });
});

test('a profile says what is missing, and what follows', async () => {
  const agents = await setUp();
  const { address } = (await agents.call('customer.address', { ...berlin, street: '' })).output;
  const { output } = await agents.call('customer.profile', { customer_id: 'C-1042', name: '<Ada>', parts: { address } });
  expect(output.profile).toMatchObject({
    missing: ['credit', 'preferences'],
    advice: ['Ask for the address again before anything is sent.', expect.stringContaining('no consent')],
  });
  const page = await readFile(fileURLToPath(output.html_uri), 'utf8');
  expect(page).toContain('&lt;Ada&gt;');
  expect(page).toContain('There is no street.');
});

test('a profile of nothing at all is one of what is missing', async () => {
  const { output } = await (await setUp()).call('customer.profile', { customer_id: 'C-1042', name: 'Ada', parts: {} });
  expect(output.profile.missing).toEqual(['credit', 'address', 'preferences']);
});
