/**
 * Messages with payloads out of line. What would make a message long is in the blob store, and the members of its payload that it stands in (`parameters` and
 * `repair`, `result` and `context_update`) stand in `payload.by_reference` instead of in the payload: with null at each place where something was taken out, and
 * beside it what belongs there. So nothing in a payload can be mistaken for a reference, and who does not know references finds no parameters, or no result,
 * and refuses the message, instead of working on half of it.
 */
import { z } from 'zod';
import { AssignmentMessage, ReplyMessage } from './message.ts';

/** As core's `payloadBytesMax`: all that a message refers to. */
const referredBytesMax = 16 * 1024 * 1024;

const OutRef = z.object({
  at: z.array(z.string()).describe('Member names and list indexes, from value down; empty: value itself'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('Of the JSON text that belongs there, UTF-8; the text is in the blob store, in the scope of metadata.workflow_id'),
  bytes: z.int().min(1).max(referredBytesMax).describe('Of that text'),
});

const ByReference = z.object({
  value: z.json().describe('The members of the payload that are left out of it, with null at each place of blobs'),
  blobs: z
    .array(OutRef)
    .min(1)
    .refine((blobs) => blobs.reduce((sum, { bytes }) => sum + bytes, 0) <= referredBytesMax, `must be at most ${referredBytesMax} bytes in all`),
});
export type ByReference = z.output<typeof ByReference>;

const asked = AssignmentMessage.shape.payload;
const replied = ReplyMessage.shape.payload;

/** As they are sent. */
export const SentAssignment = AssignmentMessage.extend({
  payload: z.union([asked, asked.omit({ parameters: true, repair: true }).extend({ by_reference: ByReference })]),
});
export type SentAssignment = z.output<typeof SentAssignment>;
export const SentReply = ReplyMessage.extend({ payload: z.union([replied, z.object({ status: z.literal('completed'), by_reference: ByReference })]) });
export type SentReply = z.output<typeof SentReply>;

/** The members that go out of line, in each kind of message. */
const referable = { request: ['parameters', 'repair'], response: ['result', 'context_update'] } as const;

interface Message {
  readonly payload: object;
}

/** What in the message is by reference; null: nothing, or not as it must be. */
export function byReferenceIn(message: unknown): ByReference | null {
  const { by_reference } = (payloadIn(message) ?? {}) as { by_reference?: unknown };
  const parsed = by_reference === undefined ? null : ByReference.safeParse(by_reference);
  return parsed?.success ? parsed.data : null;
}

/** The message with all that belongs to it. @param value what `by_reference` came to */
export function withValue<Sent extends object>(message: Sent, value: object): Sent {
  const { by_reference: _, ...payload } = (payloadIn(message) ?? {}) as { by_reference?: unknown };
  return { ...message, payload: { ...payload, ...value } };
}

/** What of the message may go out of line. */
export function referableIn({ payload }: Message, kind: keyof typeof referable): object {
  return Object.fromEntries(Object.entries(payload).filter(([name]) => (referable[kind] as readonly string[]).includes(name)));
}

/** The message without that, and with what is left of it. */
export function sentByReference(message: Message, kind: keyof typeof referable, by_reference: ByReference): object {
  const kept = Object.entries(message.payload).filter(([name]) => !(referable[kind] as readonly string[]).includes(name));
  return { ...message, payload: { ...Object.fromEntries(kept), by_reference } };
}

function payloadIn(message: unknown): object | null {
  const { payload } = (message ?? {}) as { payload?: unknown };
  return typeof payload === 'object' ? payload : null;
}
