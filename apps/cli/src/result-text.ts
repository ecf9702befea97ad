/** A result as text: whole where it was asked for, in brief where it comes by the way, at the end of a run. */
import type { WorkflowResultView } from '@baton/protocol';
import { shortened } from './table.ts';
import { styled, tame } from './terminal.ts';

type Value = NonNullable<WorkflowResultView['result']> | null;

/** Of a value in brief, of what names a bigger one, and of them all. */
const brief = { lineLengthMax: 400, linesMax: 12, nameLengthMax: 72, fieldsMax: 20 } as const;

/** An object's fields one under the other; what is nested as indented JSON. Nothing is cut. */
export function resultLines(result: WorkflowResultView['result']): string[] {
  if (result === undefined) return [];
  return isObject(result) ? fieldLines(Object.entries(result).map(([key, value]) => [key, wholeLines(value)])) : jsonLines(result);
}

/** The same, but what is nested and big is named in one line, and the last line tells how to see all of it. */
export function briefResultLines(result: WorkflowResultView['result'], workflowId: string): string[] {
  if (result === undefined) return [];
  const fields = isObject(result) ? Object.entries(result) : [];
  if (isObject(result) ? fields.length <= brief.fieldsMax && fields.every(([, value]) => isBrief(value)) : isBrief(result)) return resultLines(result);
  const shown = fields.slice(0, brief.fieldsMax);
  const lines = isObject(result) ? fieldLines(shown.map(([key, value]) => [key, briefLines(value)])) : briefLines(result);
  const left = fields.length - shown.length;
  return [...lines, ...(left === 0 ? [] : [`… and ${left} more`]), '', styled('dim', `All of it: baton workflow result ${workflowId} --json`)];
}

function fieldLines(fields: readonly (readonly [key: string, lines: readonly string[]])[]): string[] {
  const width = Math.max(0, ...fields.map(([key]) => key.length));
  return fields.flatMap(([key, [first = '', ...more]]) => [
    `${styled('dim', tame(key).padEnd(width))}  ${first}`,
    ...more.map((line) => `${' '.repeat(width)}  ${line}`),
  ]);
}

function wholeLines(value: Value): string[] {
  return typeof value === 'string' ? [tame(value)] : jsonLines(value);
}

function isBrief(value: Value): boolean {
  const lines = wholeLines(value);
  return lines.length <= brief.linesMax && lines.every((line) => line.length <= brief.lineLengthMax);
}

function briefLines(value: Value): string[] {
  if (isBrief(value)) return wholeLines(value);
  if (Array.isArray(value)) return [`[ ${value.length} items ]`];
  return [isObject(value) ? `{ ${shortened(tame(Object.keys(value).join(', ')), brief.nameLengthMax)} }` : shortened(tame(String(value)), brief.lineLengthMax)];
}

function jsonLines(value: Value): string[] {
  return JSON.stringify(value, null, 2).split('\n');
}

function isObject(value: Value): value is Extract<Value, Readonly<Record<string, unknown>>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
