/** The address agent: does the postal code fit the country, is the phone number one, and how is the address written. A wrong address is an answer, not a failure. */
import { isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { postcodeValidator, postcodeValidatorExistsForCountry } from 'postcode-validator';
import type { z } from 'zod';
import type { customerAddress } from '../capability/customer.ts';

type Input = z.output<typeof customerAddress.input>;
type Address = z.output<typeof customerAddress.output>['address'];
type Problem = Address['problems'][number];

/** Where the postal code stands behind the city, on the same line. */
const cityFirst: ReadonlySet<string> = new Set(['US', 'CA', 'AU', 'IN']);
/** Where it has a line of its own. */
const ownLine: ReadonlySet<string> = new Set(['GB', 'IE']);
const countryNames = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });

export function createCustomerAddress(): (input: Input) => z.output<typeof customerAddress.output> {
  return (input) => {
    const country = input.country.toUpperCase();
    const countryName = nameOf(country);
    const postalCode = tidy(input.postal_code).toUpperCase();
    const phone = phoneOf(input.phone, country);
    const problems = [
      ...fieldProblems(input),
      ...countryProblems(country, countryName, postalCode),
      ...(phone === 'wrong' ? [{ field: 'phone', message: `"${input.phone}" is no phone number.` }] : []),
    ];
    return {
      address: {
        valid: problems.length === 0,
        lines: linesOf({ ...input, country, postal_code: postalCode }, countryName ?? country),
        country_name: countryName ?? country,
        phone: phone === 'wrong' ? null : phone,
        problems,
      },
    };
  };
}

function fieldProblems(input: Input): readonly Problem[] {
  const empty = (['street', 'city'] as const).filter((field) => tidy(input[field]) === '').map((field) => ({ field, message: `There is no ${field}.` }));
  const hasNumber = /\p{N}/u.test(input.street) || tidy(input.street) === '';
  return hasNumber ? empty : [...empty, { field: 'street', message: `"${tidy(input.street)}" has no house number.` }];
}

function countryProblems(country: string, name: string | null, postalCode: string): readonly Problem[] {
  if (name === null) return [{ field: 'country', message: `"${country}" is no country.` }];
  if (!postcodeValidatorExistsForCountry(country)) return [];
  if (postalCode === '') return [{ field: 'postal_code', message: 'There is no postal code.' }];
  return postcodeValidator(postalCode, country) ? [] : [{ field: 'postal_code', message: `"${postalCode}" is no postal code of ${name}.` }];
}

function phoneOf(text: string | null, country: string): Address['phone'] | 'wrong' {
  if (text === null || tidy(text) === '') return null;
  const parsed = isSupportedCountry(country) ? parsePhoneNumberFromString(text, country) : parsePhoneNumberFromString(text);
  if (parsed?.isValid() !== true) return 'wrong';
  return { e164: parsed.number, kind: parsed.getType()?.toLowerCase().replaceAll('_', ' ') ?? null, country: parsed.country ?? null };
}

function linesOf(input: Input, countryName: string): string[] {
  const { name, street, city, postal_code, country } = input;
  const place = ownLine.has(country) ? [city, postal_code] : [cityFirst.has(country) ? `${city} ${postal_code}` : `${postal_code} ${city}`];
  return [name, street, ...place, countryName].map(tidy).filter((line) => line !== '');
}

function nameOf(country: string): string | null {
  return /^[A-Z]{2}$/.test(country) ? (countryNames.of(country) ?? null) : null;
}

function tidy(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
