/**
 * What an attempt at an assignment in a tree begins with: its inputs' replies, as BullMQ keeps them with the job, put where the assignment wants them.
 * They stay there for as long as the job does, so that a second attempt, or another agent's, finds the same.
 */

import type { Payloads } from '@baton/blobs';
import { dispatchId, type Json, jsonHash, resolveBindings } from '@baton/core';
import { type AssignmentMessage, capabilityQueue, parseReply } from '@baton/protocol';
import { QueueKeys } from 'bullmq';
import { isByReference, wholeReply } from './by-reference.ts';
import type { ControlFlags, ControlRef } from './control-flags.ts';

export interface Beginning {
  /** With its parameters filled in. */
  readonly assignment: AssignmentMessage;
  readonly isHeld: boolean;
  /** An input has brought no result, or not what must be there. */
  readonly isBlocked: boolean;
  /** From when its time to live runs: it could not begin before its last input was done. */
  readonly agesFrom: number;
}

interface Sources {
  readonly flags: ControlFlags;
  readonly payloads: Payloads;
}

/** @param key where its inputs' replies are */
export async function beginningOf({ flags, payloads }: Sources, ref: ControlRef, assignment: AssignmentMessage, key: string): Promise<Beginning> {
  const agesFrom = Date.parse(assignment.timestamp);
  if ((assignment.metadata.inputs ?? []).length === 0) return { assignment, isHeld: await flags.isHeld(ref), isBlocked: false, agesFrom };
  const { isHeld, hash } = await flags.isHeldWith(ref, key);
  const filled = filledIn(assignment, await wholeReplies(payloads, hash));
  return { assignment, agesFrom, ...filled, isHeld, isBlocked: filled === null };
}

async function wholeReplies(payloads: Payloads, replies: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
  const texts = Object.entries(replies);
  if (!texts.some(([, text]) => isByReference(text))) return replies;
  const whole = await Promise.all(texts.map(async ([key, text]) => [key, isByReference(text) ? await wholeReply(payloads, text) : text] as const));
  return Object.fromEntries<string>(whole);
}

/** @param replies by the key of the input's job. @returns null if an input has brought no result, or the results are not what must be there */
export function filledIn(assignment: AssignmentMessage, replies: Readonly<Record<string, string>>): Pick<Beginning, 'assignment' | 'agesFrom'> | null {
  const { payload, metadata } = assignment;
  const results = new Map<string, Json>();
  const finished = new Map<string, number>();
  for (const [key, text] of Object.entries(replies)) {
    const reply = parseReply(text);
    if (!reply.ok || reply.value.outcome.status !== 'completed') continue;
    const { workflowId, subtaskId, generation, outcome, execution } = reply.value;
    // What an agent says of itself counts for the job that it had, and for no other.
    if (!key.endsWith(`:${dispatchId(workflowId, subtaskId, generation)}`)) continue;
    results.set(subtaskId, outcome.result);
    finished.set(subtaskId, execution?.finishedAt ?? 0);
  }
  if (!metadata.inputs?.every((input) => results.has(input))) return null;
  const bound = resolveBindings(payload.parameters, payload.bindings ?? [], results);
  if (!bound.ok) return null;
  const built_on = Object.fromEntries(metadata.inputs.map((input) => [input, new Date(finished.get(input) as number).toISOString()]));
  const parameters = bound.value as typeof payload.parameters;
  return {
    assignment: { ...assignment, payload: { ...payload, parameters }, metadata: { ...metadata, built_on, parameters_hash: jsonHash(bound.value) } },
    agesFrom: Math.max(Date.parse(assignment.timestamp), ...finished.values()),
  };
}

/** Where BullMQ keeps the return values of a job's children, from the moment that they are done: what its own `getChildrenValues` reads. */
export function inputsKey(prefix: string, capability: string, jobId: string): string {
  return new QueueKeys(prefix).toKey(capabilityQueue(capability), `${jobId}:processed`);
}
