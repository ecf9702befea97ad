/** The whole API as one table. */
import type { Handler } from './deps.ts';
import { getResult, waitMsMax } from './handlers/get-result.ts';
import { getType } from './handlers/get-type.ts';
import { getWorkflow } from './handlers/get-workflow.ts';
import { listAgents } from './handlers/list-agents.ts';
import { listEvents } from './handlers/list-events.ts';
import { listTypes } from './handlers/list-types.ts';
import { listWorkflows } from './handlers/list-workflows.ts';
import { liveness } from './handlers/liveness.ts';
import { metrics } from './handlers/metrics.ts';
import { readiness } from './handlers/readiness.ts';
import { registerType } from './handlers/register-type.ts';
import { startWorkflow } from './handlers/start-workflow.ts';

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly handler: Handler;
  /** Is answered at once when Redis is away: 503, and nothing is left waiting that would be done later. */
  readonly needsRedis: boolean;
  /** On top of the time that every answer may take. */
  readonly waitMsMax?: number;
}

export const routes: readonly Route[] = [
  { method: 'POST', path: '/v1/workflows', handler: startWorkflow, needsRedis: true },
  { method: 'GET', path: '/v1/workflows', handler: listWorkflows, needsRedis: true },
  { method: 'GET', path: '/v1/workflows/:id', handler: getWorkflow, needsRedis: true },
  { method: 'GET', path: '/v1/workflows/:id/result', handler: getResult, needsRedis: true, waitMsMax },
  { method: 'GET', path: '/v1/workflows/:id/events', handler: listEvents, needsRedis: true },
  { method: 'POST', path: '/v1/workflow-types', handler: registerType, needsRedis: true },
  { method: 'GET', path: '/v1/workflow-types', handler: listTypes, needsRedis: true },
  { method: 'GET', path: '/v1/workflow-types/:name/:version', handler: getType, needsRedis: true },
  { method: 'GET', path: '/v1/agents', handler: listAgents, needsRedis: true },
  { method: 'GET', path: '/healthz', handler: liveness, needsRedis: false },
  { method: 'GET', path: '/readyz', handler: readiness, needsRedis: false },
  { method: 'GET', path: '/metrics', handler: metrics, needsRedis: false },
];
