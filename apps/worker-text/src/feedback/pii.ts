/** Takes what points to a person out of a text and leaves a mark where it was: `[email]`, `[phone]`, `[card]`, `[name]`. */
import nlp from 'compromise';
import { type CountryCode, findPhoneNumbersInText } from 'libphonenumber-js';
import { type PiiKind, piiKinds } from '../capability/feedback.ts';

export interface Redacted {
  readonly text: string;
  readonly removed: Readonly<Record<PiiKind, number>>;
}

interface Finding {
  readonly start: number;
  readonly end: number;
}

const address = /[\p{L}\p{N}._%+'’-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu;
const digits = /(?<![\d.])\d(?:[ -]?\d){12,18}(?!\d)/g;

/** @param author the writer's name, if it is known; also removed where nothing else gives it away as one */
export function redact(text: string, { author, country }: { readonly author: string | null; readonly country: string }): Redacted {
  const removed: Record<PiiKind, number> = { email: 0, phone: 0, card: 0, name: 0 };
  const mask = (before: string, kind: PiiKind, findings: readonly Finding[]): string => {
    removed[kind] += findings.length;
    return findings.toReversed().reduce((masked, { start, end }) => `${masked.slice(0, start)}[${kind}]${masked.slice(end)}`, before);
  };
  // Addresses first, since they contain names; cards before phones, since a part of one reads like the other.
  const withoutAddresses = mask(text, 'email', matches(text, address));
  const withoutCards = mask(
    withoutAddresses,
    'card',
    matches(withoutAddresses, digits).filter(({ start, end }) => isCard(withoutAddresses.slice(start, end))),
  );
  const withoutPhones = mask(withoutCards, 'phone', phones(withoutCards, country));
  const withoutAuthor = author === null ? withoutPhones : mask(withoutPhones, 'name', matches(withoutPhones, nameOf(author)));
  return { text: mask(withoutAuthor, 'name', people(withoutAuthor)), removed };
}

export function addRemoved(a: Readonly<Record<PiiKind, number>>, b: Readonly<Record<PiiKind, number>>): Record<PiiKind, number> {
  return Object.fromEntries(piiKinds.map((kind) => [kind, a[kind] + b[kind]])) as Record<PiiKind, number>;
}

function matches(text: string, pattern: RegExp): readonly Finding[] {
  return [...text.matchAll(pattern)].map((match) => ({ start: match.index, end: match.index + match[0].length }));
}

/** The checksum of card numbers (Luhn, ISO/IEC 7812-1): an order number rarely passes. */
function isCard(text: string): boolean {
  const sum = text
    .replace(/\D/g, '')
    .split('')
    .toReversed()
    .reduce((total, digit, place) => {
      const value = Number(digit) * (place % 2 === 0 ? 1 : 2);
      return total + (value > 9 ? value - 9 : value);
    }, 0);
  return sum % 10 === 0;
}

function phones(text: string, country: string): readonly Finding[] {
  return findPhoneNumbersInText(text, { defaultCountry: country as CountryCode }).map(({ startsAt, endsAt }) => ({ start: startsAt, end: endsAt }));
}

/** The whole name, or a first or last name of three letters or more, in any case. */
function nameOf(author: string): RegExp {
  const parts = [author, ...author.split(/\s+/).filter((part) => part.length > 2)].filter((part) => part.trim() !== '').map((part) => RegExp.escape(part));
  return new RegExp(`(?<!\\p{L})(?:${parts.join('|')})(?!\\p{L})`, 'giu');
}

interface Found {
  readonly text: string;
  readonly offset: { readonly start: number; readonly length: number };
}

/** What the language library takes for people. Its findings carry their punctuation; masks of ours are none. */
function people(text: string): readonly Finding[] {
  const found = nlp(text).people().json({ offset: true }) as readonly Found[];
  return found.flatMap(({ offset: { start, length } }) => {
    const raw = text.slice(start, start + length);
    const name = /\p{L}(?:.*\p{L})?/su.exec(raw);
    if (name === null || raw.includes('[') || !/\p{Lu}/u.test(raw)) return [];
    return [{ start: start + name.index, end: start + name.index + name[0].length }];
  });
}
