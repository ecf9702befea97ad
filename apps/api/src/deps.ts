/** What the API needs, as ports: it is tested in memory, and `main.ts` hands it Redis. */
import type { SubtaskQueue, WorkflowStore } from '@baton/core';
import type { Doctor } from '@baton/doctor';
import type { Engine } from '@baton/engine';
import type { AgentEntry } from '@baton/protocol';
import type { DeadLetters } from '@baton/queue';
import type { HealthProblem, Logger, Metrics } from '@baton/telemetry';
import type { FastifyRequest } from 'fastify';
import type { Answer } from './answer.ts';
import type { BoardQueue } from './queue-board.ts';

export interface ApiDeps {
  readonly engine: Pick<Engine, 'start' | 'register' | 'control' | 'restart' | 'signal' | 'answer' | 'approvals' | 'why'>;
  readonly store: Pick<WorkflowStore, 'load' | 'summary' | 'list' | 'events' | 'findType' | 'types' | 'activeCounts' | 'limitType' | 'typeLimits'>;
  readonly queue: Pick<SubtaskQueue, 'facts' | 'capabilities' | 'limitConcurrency'>;
  /** Those that were ever served or asked for. */
  readonly capabilityNames: () => Promise<readonly string[]>;
  /** The agents whose heartbeat is fresh. */
  readonly agents: () => Promise<readonly AgentEntry[]>;
  /** The queues to show at `/queues`, asked whenever somebody looks: capabilities appear at run time. */
  readonly queues: () => Promise<readonly BoardQueue[]>;
  readonly doctor: Doctor;
  readonly deadLetters: DeadLetters;
  /** How many shards share a capability's limit. */
  readonly shardCount: number;
  /** Whether these shards can be spoken to now. What cannot is refused, not queued: it would be done after the caller was told that it was not. */
  readonly isRedisUp: (shards: 'all' | 'any' | { readonly workflowId: string }) => boolean;
  /** Empty: ready to serve. */
  readonly health: () => Promise<readonly HealthProblem[]>;
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
  readonly now: () => number;
  /** Aborted when the process is to stop: whoever waits for a result is answered with what there is. */
  readonly stopping?: AbortSignal;
  /** Every answer that needs Redis comes within this time, or is a 503. */
  readonly answerTimeoutMs?: number;
}

export const answerTimeoutMsDefault = 5_000;

export type Handler = (deps: ApiDeps, request: FastifyRequest) => Promise<Answer>;
