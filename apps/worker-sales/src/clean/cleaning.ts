/** The rules of cleaning, one record at a time: what becomes of it, and why. Keeps what it has seen (spellings, fingerprints); reads and writes nothing. */
import { createHash } from 'node:crypto';
import type { CleaningRules, Columns, DropReason, MendReason, Sale } from '../capability/data-clean.ts';
import type { RawRow } from '../capability/data-fetch.ts';
import { calendarDate } from './calendar-date.ts';
import { moneyAmount } from './money.ts';

export type Cleaned =
  | { readonly kind: 'sale'; readonly sale: Sale; readonly mended: readonly MendReason[] }
  | { readonly kind: 'dropped'; readonly reason: DropReason; readonly value: string };

type Value = RawRow['record'][string] | undefined;

/** @returns the function that takes each record in turn */
export function createCleaning(columns: Columns, rules: CleaningRules, until: string): (record: RawRow['record']) => Cleaned {
  const spellings = new Map<string, string>();
  const seen = new Set<string>();
  return (record) => {
    const date = cleanDate(record[columns.date], rules, until);
    if ('reason' in date) return date;
    const amount = cleanAmount(record[columns.amount], rules);
    if ('reason' in amount) return amount;
    const category = cleanCategory(record[columns.category], rules, spellings);
    if ('reason' in category) return category;
    const label = columns.label === null ? null : textOf(record[columns.label]);
    const sale: Sale = { date: date.value, amount: amount.value, category: category.value, label: label === '' ? null : label };
    const print = fingerprint(rules.duplicate === 'sale' ? sale : { ...trimmed(record, columns), sale });
    if (seen.has(print)) return dropped('duplicate', `${sale.date}, ${sale.amount}`);
    seen.add(print);
    return { kind: 'sale', sale, mended: [date, amount, category].flatMap(({ mend }) => mend ?? []) };
  };
}

/** What a record is called in an account for people: what was sold, or else its category. */
export function nameOf(record: RawRow['record'], { label, category }: Columns): string {
  return textOf(record[label ?? category]);
}

type Part<T> = { readonly value: T; readonly mend: MendReason | null } | Extract<Cleaned, { kind: 'dropped' }>;

function cleanDate(raw: Value, rules: CleaningRules, until: string): Part<string> {
  const text = textOf(raw);
  if (text === '') return dropped('no_date', text);
  const value = calendarDate(text, { dayFirst: rules.day_first });
  if (value === null) return dropped('unreadable_date', text);
  if (value > until) return dropped('after_until', value);
  return { value, mend: value === raw ? null : 'date_rewritten' };
}

function cleanAmount(raw: Value, rules: CleaningRules): Part<number> {
  const text = textOf(raw);
  if (text === '') return dropped('no_amount', text);
  const value = typeof raw === 'number' ? raw : moneyAmount(text, rules.decimal);
  if (value === null) return dropped('unreadable_amount', text);
  if (value === 0 && rules.zero_amount === 'drop') return dropped('zero_amount', text);
  return { value, mend: text === String(value) ? null : 'amount_rewritten' };
}

/** Categories that differ only in case are one, in the spelling that came first. */
function cleanCategory(raw: Value, rules: CleaningRules, spellings: Map<string, string>): Part<string> {
  const text = textOf(raw);
  if (text === '') return rules.no_category === 'drop' ? dropped('no_category', text) : { value: rules.no_category_label, mend: 'category_filled' };
  const folded = text.toLowerCase();
  const spelling = spellings.get(folded) ?? text;
  spellings.set(folded, spelling);
  if (spelling !== text) return { value: spelling, mend: 'category_spelling' };
  return { value: text, mend: text === raw ? null : 'category_trimmed' };
}

function dropped(reason: DropReason, value: string): Extract<Cleaned, { kind: 'dropped' }> {
  return { kind: 'dropped', reason, value };
}

/** Trimmed, inner white space single, Unicode composed; null and missing are empty. */
function textOf(value: Value): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.normalize('NFC').replace(/\s+/g, ' ').trim();
}

/** The other columns, for telling duplicates. */
function trimmed(record: RawRow['record'], columns: Columns): Record<string, string> {
  const used: readonly (string | null)[] = Object.values(columns);
  return Object.fromEntries(Object.entries(record).flatMap(([name, value]) => (used.includes(name) ? [] : [[`column ${name}`, textOf(value)]])));
}

/** 16 bytes rather than the row: a million rows have to fit. */
function fingerprint(value: object): string {
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(members)).digest('base64').slice(0, 22);
}
