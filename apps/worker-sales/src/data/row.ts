/** A row of a source: a record, or what stands there instead and why it is none. */
import type { RawRow } from '../capability/data-fetch.ts';

export type Row = ({ readonly kind: 'row' } & RawRow) | { readonly kind: 'broken'; readonly at: number; readonly reason: string; readonly text: string };
