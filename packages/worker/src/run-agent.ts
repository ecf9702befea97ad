/** An agent at work: one consumer per capability, a registry entry with a heartbeat, and a clean end. Signals of the process are its main's. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { createRedisBlobs, patientBlobs } from '@baton/blobs';
import { type BlobStore, currentSchema, type Schema } from '@baton/core';
import { type AgentEntry, type AssignmentMessage, defaultPrefix, defaultTrustDomain, type ReplyMessage, replyMessage } from '@baton/protocol';
import {
  announceCapabilities,
  type Consumer,
  connectRedis,
  consumeCapability,
  createRoom,
  findShards,
  lostFailure,
  type Redis,
  type Room,
  registerAgent,
  stallsMaxDefault,
} from '@baton/queue';
import { boundedLines, createLogger, within } from '@baton/telemetry';
import { z } from 'zod';
import { attempt } from './attempt.ts';
import type { Agent, Capability } from './define-agent.ts';
import type { AgentLogger } from './handler-context.ts';

export interface AgentOptions {
  /** A connection of `connectRedis`, shared and left open; or `redisUrl`, for one of its own. */
  readonly redis?: Redis;
  readonly redisUrl?: string;
  /** The deployment's hash tag. */
  readonly prefix?: string;
  /** How many shards the deployment has (`BATON_SHARDS`); without a word, one. */
  readonly shards?: number;
  /** Where the deployment keeps payloads over 32 KiB, from `openBlobs`. Absent: in its Redis. */
  readonly blobs?: BlobStore;
  /** Subtasks at the same time, of each capability, whatever their shards. */
  readonly concurrency?: number;
  /** A subtask whose agent is silent for so long is given to another. */
  readonly lockMs?: number;
  /** How often such subtasks are looked for. */
  readonly stalledMs?: number;
  /** How many agents a subtask may take down with it before it fails. */
  readonly stallsMax?: number;
  readonly heartbeatMs?: number;
  /** Who may touch the queues of one another: subtasks of agents of different domains never share a tree. */
  readonly trustDomain?: string;
  readonly logger?: AgentLogger;
  /** @internal Up to which it takes assignments: that of this code, but in tests. */
  readonly schema?: Schema;
  /** Called for each attempt that failed and will be tried again; `reason` is the failure's code. */
  readonly onRetry?: (capability: string, reason: string) => void;
}

export interface RunningAgent {
  /** Unique to this process. */
  readonly id: string;
  /**
   * Takes no more subtasks, lets those that run finish, and after `graceMs` (10 s) aborts their signals and hands them back,
   * without using up an attempt. Then closes its connections. Resolves with Redis away too, but then BullMQ's timers live on:
   * end the process with `process.exit`.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

const defaults = {
  redisUrl: 'redis://127.0.0.1:6379',
  shards: 1,
  concurrency: 4,
  lockMs: 30_000,
  stalledMs: 5_000,
  stallsMax: stallsMaxDefault,
  graceMs: 10_000,
} as const;
const deregisterMsMax = 2_000;
/** So long a result waits for a blob store that is away; then the attempt has failed. */
const blobStoreMsMax = 60_000;

/**
 * Resolves when the agent is registered and takes subtasks.
 *
 * @throws {RedisUnavailableError} when Redis does not answer at the start; later outages are waited for
 * @example
 * const running = await runAgent(dataAgent, { redisUrl: 'redis://127.0.0.1:6379' });
 * process.once('SIGTERM', () => void running.close());
 */
export async function runAgent(agent: Agent, options: AgentOptions = {}): Promise<RunningAgent> {
  const id = `${agent.name}-${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
  const base: AgentLogger = options.logger ?? createLogger({ service: agent.name, level: 'info', format: 'auto' });
  const logger = base.child({ agent: id });
  const redis = options.redis ?? (await connectRedis(options.redisUrl ?? defaults.redisUrl, { name: id, observe: (event) => logger.warn(event) }));
  const patiently = (blobs: BlobStore): BlobStore =>
    patientBlobs(blobs, { forMs: blobStoreMsMax, onError: (error) => logger.warn({ event: 'blobs_unreachable', error: error.message }) });
  const names = [...agent.capabilities.keys()];
  const consumers: Consumer[] = [];
  const close = async (graceMs: number): Promise<void> => {
    await Promise.all(consumers.map((consumer) => consumer.close(graceMs)));
    if (options.redis === undefined) redis.disconnect();
  };

  try {
    const prefixes = await findShards(redis, options.prefix ?? defaultPrefix, options.shards ?? defaults.shards);
    await Promise.all(prefixes.map((prefix) => announceCapabilities(redis, prefix, names)));
    const places = prefixes.map((prefix) => ({ redis, prefix, blobs: patiently(options.blobs ?? createRedisBlobs({ redis, prefix })) }));
    for (const [name, capability] of agent.capabilities) {
      const room = prefixes.length === 1 ? undefined : createRoom(options.concurrency ?? defaults.concurrency);
      for (const place of places) consumers.push(await consume(id, name, capability, { ...place, room }, logger, options));
    }
    const warn = boundedLines((line) => logger.warn(line));
    const onError = (error: Error) => warn({ event: 'registry_unreachable', error: error.message });
    const entry = entryOf(agent, id, options);
    const heartbeat = options.heartbeatMs !== undefined && { heartbeatMs: options.heartbeatMs };
    const registrations = await Promise.all(prefixes.map((prefix) => registerAgent({ redis, prefix, entry, onError, ...heartbeat })));
    logger.info({ event: 'agent_ready', capabilities: names });
    return {
      id,
      async close({ graceMs = defaults.graceMs } = {}) {
        // A Redis that is away must not hold the process: the entry expires by itself.
        const deregistered = Promise.all(registrations.map((registration) => registration.close()));
        await within(deregisterMsMax, 'The registry did not answer', deregistered).catch(onError);
        await close(graceMs);
        logger.info({ event: 'agent_stopped' });
      },
    };
  } catch (error) {
    await close(0);
    throw error;
  }
}

async function consume(
  id: string,
  name: string,
  capability: Capability,
  { room, ...place }: { readonly redis: Redis; readonly prefix: string; readonly blobs: BlobStore; readonly room: Room | undefined },
  logger: AgentLogger,
  options: AgentOptions,
): Promise<Consumer> {
  const writeError = boundedLines((line) => logger.error(line));
  return await consumeCapability({
    ...place,
    capability: name,
    agent: id,
    concurrency: options.concurrency ?? defaults.concurrency,
    ...(room && { room }),
    lockMs: options.lockMs ?? defaults.lockMs,
    stalledMs: options.stalledMs ?? defaults.stalledMs,
    stallsMax: options.stallsMax ?? defaults.stallsMax,
    onAssignment: (delivery) => attempt(delivery, { agent: id, capability, logger, onRetry: options.onRetry ?? (() => {}), now: Date.now }),
    onAbandoned: (assignment, number, reason) => abandonedReply(id, assignment, number, reason, logger),
    onReplied: ({ metadata: { workflow_id, subtask_id } }) => logger.info({ event: 'subtask_replied_before', workflow_id, subtask_id, capability: name }),
    onNewer: (error) => logger.warn({ event: 'newer_schema', capability: name, error: error.message }),
    onError: (error) => writeError({ event: 'queue_error', capability: name, error: error.message }),
    ...(options.schema !== undefined && { schema: options.schema }),
  });
}

/** Nobody ran it to an end: agents died with it, again and again. */
function abandonedReply(agent: string, assignment: AssignmentMessage, attemptNumber: number, reason: string, logger: AgentLogger): ReplyMessage {
  const error = lostFailure(assignment, reason);
  const { workflow_id, subtask_id } = assignment.metadata;
  logger.warn({ event: 'subtask_attempt_failed', workflow_id, subtask_id, capability: assignment.payload.operation, error, retry_in_ms: null });
  const now = Date.now();
  return replyMessage(assignment, {
    outcome: { status: 'failed', error },
    execution: { agent, attempt: Math.max(1, attemptNumber), startedAt: now, finishedAt: now },
  });
}

function entryOf(
  agent: Agent,
  id: string,
  { concurrency = defaults.concurrency, trustDomain = defaultTrustDomain, schema: { version } = currentSchema }: AgentOptions,
): Omit<AgentEntry, 'heartbeat_at'> {
  return {
    id,
    name: agent.name,
    version: agent.version,
    host: hostname(),
    pid: process.pid,
    started_at: new Date().toISOString(),
    concurrency,
    kit: { trees: true },
    trust_domain: trustDomain,
    ...(version > 1 && { schema_version: version }),
    capabilities: [...agent.capabilities].map(([name, { input, output }]) => ({
      name,
      input: jsonSchema(input, 'input'),
      output: jsonSchema(output, 'output'),
    })),
  };
}

/** What JSON Schema cannot say (a transform, a date) is left open in the registry; the agent itself checks it all the same. */
function jsonSchema(type: z.ZodType, io: 'input' | 'output'): AgentEntry['capabilities'][number]['input'] {
  return z.toJSONSchema(type, { io, unrepresentable: 'any' }) as AgentEntry['capabilities'][number]['input'];
}
