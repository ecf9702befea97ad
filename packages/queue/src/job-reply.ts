/** The reply to a job beside its handler: the one that some agent gave before, and the one to a job that the queue has given up. */
import { currentSchema } from '@baton/core';
import { type AssignmentMessage, parseAssignment, SentReply, schemaVersionOf } from '@baton/protocol';
import type { Job } from 'bullmq';
import { type BlobStoreOption, payloadsIn } from './blob-store-option.ts';
import type { ConsumeOptions } from './consume.ts';
import { onceTaken } from './refusal.ts';
import { appendReply } from './result-stream.ts';

/** What some agent has replied already, before the job was done. */
export function replyIn({ returnvalue }: Job, { message_id }: AssignmentMessage): SentReply | null {
  const reply = SentReply.safeParse(returnvalue);
  // As it was written, by an agent that may be newer.
  return reply.success && reply.data.metadata.correlation_id === message_id ? (returnvalue as SentReply) : null;
}

/** Of a job that cannot be read nobody knows whom to reply to: the engine finds it failed when it asks, and until then the log has it. */
export async function answerAbandoned(
  options: BlobStoreOption &
    Pick<ConsumeOptions, 'schema' | 'capability' | 'onAbandoned' | 'onError'> & {
      readonly leaving: { readonly signal: AbortSignal };
    },
  job: Job,
  error: Error,
): Promise<void> {
  const { redis, prefix, capability, schema = currentSchema, leaving, onAbandoned, onError } = options;
  const assignment = parseAssignment(job.data);
  if (!assignment.ok || schemaVersionOf(job.data) > schema.version)
    return onError(new Error(`The job ${job.id} of ${capability} was given up: ${error.message}`));
  const reply = replyIn(job, assignment.value) ?? onAbandoned(assignment.value, job.attemptsMade, error.message);
  const appended = { capability, partition: assignment.value.metadata.partition, jobId: String(job.id), reply };
  const place = { redis, prefix, payloads: payloadsIn(options) };
  await onceTaken(() => appendReply(place, appended), leaving.signal);
}
