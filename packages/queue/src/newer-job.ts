/**
 * Jobs of a newer schema than this process knows: they are left to newer processes as they are. Handed back they would be taken at once by whoever is
 * idle, mostly by the same one; so they come up again after a while, longer each time, and use up no attempt.
 */
import { NewerSchemaError, type Schema, type SchemaKind, upgraded } from '@baton/core';
import { schemaVersionOf } from '@baton/protocol';
import type { Job } from 'bullmq';
import { comeAgain } from './come-again.ts';
import type { Redis } from './redis.ts';

const firstWaitMs = 250;
const waitMsMax = 5_000;

export interface NewerJobsOptions {
  readonly redis: Redis;
  readonly schema: Schema;
  readonly kind: SchemaKind;
  /** Told of the first one. */
  readonly onNewer: (error: NewerSchemaError) => void;
}

export interface NewerJobs {
  /** @returns its data, as this code has it; does not return for one that is newer */
  readonly take: (job: Job, token: string | undefined) => Promise<unknown>;
  /** Of a job that we cannot even answer for. */
  readonly leave: (job: Job, token: string | undefined) => Promise<never>;
}

export function createNewerJobs({ redis, schema, kind, onNewer }: NewerJobsOptions): NewerJobs {
  let isTold = false;

  async function leave(job: Job, token: string | undefined): Promise<never> {
    if (!isTold) onNewer(new NewerSchemaError(`The job ${job.id} of ${job.queueName}`, schemaVersionOf(job.data), schema.version));
    isTold = true;
    const waitMs = Math.min(waitMsMax, firstWaitMs * 2 ** Math.min(job.attemptsStarted, 10)) * (0.5 + Math.random() / 2);
    return await comeAgain(redis, job, token, waitMs, AbortSignal.timeout(waitMsMax));
  }

  return {
    async take(job, token) {
      const version = schemaVersionOf(job.data);
      return version > schema.version ? await leave(job, token) : upgraded(schema, kind, version, job.data);
    },
    leave,
  };
}
