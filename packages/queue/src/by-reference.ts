/** Messages on their way to Redis and back, with what is over the inline limit out of line. What is short passes by untouched, and at no cost. */

import type { Blob, Payloads } from '@baton/blobs';
import type { Failure, JsonObject } from '@baton/core';
import {
  type AssignmentMessage,
  type ByReference,
  byReferenceIn,
  parseAssignment,
  parseJson,
  referableIn,
  type SentAssignment,
  type SentReply,
  sentByReference,
  withValue,
} from '@baton/protocol';

/** Once it returns, everything that the message refers to is kept. */
export async function sentAssignment(payloads: Payloads, message: AssignmentMessage): Promise<SentAssignment> {
  const by = await kept(payloads, message, 'request');
  return by === null ? message : (sentByReference(message, 'request', by) as SentAssignment);
}

export async function sentReply(payloads: Payloads, message: SentReply): Promise<SentReply> {
  const by = await kept(payloads, message, 'response');
  return by === null ? message : (sentByReference(message, 'response', by) as SentReply);
}

async function kept(payloads: Payloads, message: AssignmentMessage | SentReply, kind: 'request' | 'response'): Promise<ByReference | null> {
  const blobs: Blob[] = [];
  const light = payloads.takeOut(message.metadata.workflow_id, JSON.stringify(referableIn(message, kind)), blobs);
  await payloads.keep(blobs);
  return light as ByReference | null;
}

/**
 * The message with all that belongs to it; what is not by reference is the message itself.
 *
 * @returns null if something is gone, or is not what was kept
 */
export async function wholeMessage(payloads: Payloads, message: unknown): Promise<unknown> {
  const by = byReferenceIn(message);
  if (by === null) return message;
  const { metadata } = message as { metadata?: { workflow_id?: unknown } };
  const whole = await payloads.bringBack(String(metadata?.workflow_id), by);
  return whole === null ? null : withValue(message as object, whole.value as JsonObject);
}

/** With the parameters that it refers to; null if those are gone. */
export async function wholeAssignment(payloads: Payloads, data: unknown, assignment: AssignmentMessage): Promise<AssignmentMessage | null> {
  const whole = await wholeMessage(payloads, data);
  if (whole === data) return assignment;
  const parsed = whole === null ? null : parseAssignment(whole);
  return parsed?.ok ? parsed.value : null;
}

/** Might the text be that of a message by reference? */
export function isByReference(text: string): boolean {
  return text.includes('"by_reference":');
}

/** A reply with all that belongs to it. What is gone makes it a failure; what is no reply stays what it is. */
export async function wholeReplyData(payloads: Payloads, message: unknown): Promise<unknown> {
  const whole = await wholeMessage(payloads, message);
  return whole ?? (byReferenceIn(message) === null ? message : withValue(message as object, { status: 'failed', error: lostReply }));
}

/** The same of its text. */
export async function wholeReply(payloads: Payloads, text: string): Promise<string> {
  const message = parseJson(text);
  return message.ok && byReferenceIn(message.value) !== null ? JSON.stringify(await wholeReplyData(payloads, message.value)) : text;
}

const lostReply: Failure = {
  code: 'PAYLOAD_LOST',
  message: 'What the agent replied was kept out of line and is gone, or is not what was kept: look after the store that BATON_BLOBS names.',
};
