/** What a commit puts out of line: everything over the inline limit in what it writes, and in what is dispatched after it. */
import { type Blob, isLonger, type Payloads } from '@baton/blobs';
import { assignmentsOf, type Commit, limits } from '@baton/core';
import type { ReplyTextOf } from './child-reply.ts';
import { type TextOf, textsOf } from './stored-payloads.ts';

export interface Outgoing {
  readonly textOf: TextOf;
  readonly textOfReply: ReplyTextOf;
  /** Filled while the texts are made; to be kept before they are written. */
  readonly kept: readonly Blob[];
}

export function outgoingOf(payloads: Payloads, { workflow, effects }: Commit): Outgoing {
  const { id } = workflow.header;
  const kept: Blob[] = [];
  // Before the commit, though they are sent after it: a dispatch that cannot be made would use up a generation.
  for (const effect of effects) if (effect.kind === 'dispatch') keepParameters(payloads, effect, kept);
  return { textOf: textsOf(payloads, id, kept), textOfReply: repliesTo(payloads, kept), kept };
}

function keepParameters(payloads: Payloads, tree: Parameters<typeof assignmentsOf>[0], kept: Blob[]): void {
  for (const { workflowId, parameters, parametersBytes } of assignmentsOf(tree)) {
    if (parametersBytes > limits.inlineBytesMax) payloads.takeOut(workflowId, JSON.stringify({ parameters }), kept);
  }
}

/** Protocol's `by_reference`, in the scope of the one who reads it. */
function repliesTo(payloads: Payloads, kept: Blob[]): ReplyTextOf {
  return (workflowId, message) => {
    const text = JSON.stringify(message);
    if (!('result' in message.payload) || !isLonger(text, limits.inlineBytesMax)) return text;
    const { result, ...payload } = message.payload;
    const by_reference = payloads.takeOut(workflowId, JSON.stringify({ result }), kept);
    return by_reference === null ? text : JSON.stringify({ ...message, payload: { ...payload, by_reference } });
  };
}
