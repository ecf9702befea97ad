/** The reply to a job beside its handler: the one that some agent gave before, and the one to a job that the queue has given up. */
import { currentSchema } from '@baton/core';
import { type AssignmentMessage, parseAssignment, ReplyMessage, schemaVersionOf } from '@baton/protocol';
import type { Job } from 'bullmq';
import type { ConsumeOptions } from './consume.ts';
import { onceTaken } from './refusal.ts';
import { appendReply } from './result-stream.ts';

/** What some agent has replied already, before the job was done. */
export function replyIn({ returnvalue }: Job, { message_id }: AssignmentMessage): ReplyMessage | null {
  const reply = ReplyMessage.safeParse(returnvalue);
  // As it was written, by an agent that may be newer.
  return reply.success && reply.data.metadata.correlation_id === message_id ? (returnvalue as ReplyMessage) : null;
}

/** Of a job that cannot be read nobody knows whom to reply to: the engine finds it failed when it asks, and until then the log has it. */
export async function answerAbandoned(
  options: Pick<ConsumeOptions, 'redis' | 'prefix' | 'schema' | 'capability' | 'onAbandoned' | 'onError'> & {
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
  await onceTaken(() => appendReply(redis, prefix, appended), leaving.signal);
}
