/** The whole API as one table. */
import type { Handler } from './deps.ts';
import { answerApproval } from './handlers/answer-approval.ts';
import { controlWorkflow } from './handlers/control-workflow.ts';
import { dropDeadLetter } from './handlers/drop-dead-letter.ts';
import { examine } from './handlers/examine.ts';
import { fix } from './handlers/fix.ts';
import { getResult, waitMsMax } from './handlers/get-result.ts';
import { getType } from './handlers/get-type.ts';
import { getWhy } from './handlers/get-why.ts';
import { getWorkflow } from './handlers/get-workflow.ts';
import { limitCapability } from './handlers/limit-capability.ts';
import { limitType } from './handlers/limit-type.ts';
import { listAgents } from './handlers/list-agents.ts';
import { listApprovals } from './handlers/list-approvals.ts';
import { listCapabilities } from './handlers/list-capabilities.ts';
import { listDeadLetters } from './handlers/list-dead-letters.ts';
import { listEvents } from './handlers/list-events.ts';
import { listTypes } from './handlers/list-types.ts';
import { listWorkflows } from './handlers/list-workflows.ts';
import { liveness } from './handlers/liveness.ts';
import { metrics } from './handlers/metrics.ts';
import { readiness } from './handlers/readiness.ts';
import { registerType } from './handlers/register-type.ts';
import { replayDeadLetter } from './handlers/replay-dead-letter.ts';
import { replayDeadLetters } from './handlers/replay-dead-letters.ts';
import { restartWorkflow } from './handlers/restart-workflow.ts';
import { signalWorkflow } from './handlers/signal-workflow.ts';
import { startWorkflow } from './handlers/start-workflow.ts';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly handler: Handler;
  /** Is answered at once when Redis, or the shard of its workflow, is away: 503, and nothing is left waiting that would be done later. */
  readonly needsRedis: boolean | 'any shard';
  /** On top of the time that every answer may take. */
  readonly waitMsMax?: number;
}

/** For what goes through very many keys or entries. */
const longMsMax = 30_000;

export const routes: readonly Route[] = [
  { method: 'POST', path: '/v1/workflows', handler: startWorkflow, needsRedis: true },
  { method: 'GET', path: '/v1/workflows', handler: listWorkflows, needsRedis: true },
  { method: 'GET', path: '/v1/workflows/:id', handler: getWorkflow, needsRedis: true },
  { method: 'GET', path: '/v1/workflows/:id/result', handler: getResult, needsRedis: true, waitMsMax },
  { method: 'GET', path: '/v1/workflows/:id/events', handler: listEvents, needsRedis: true },
  { method: 'GET', path: '/v1/workflows/:id/why', handler: getWhy, needsRedis: true },
  { method: 'POST', path: '/v1/workflows/:id/pause', handler: controlWorkflow('pause'), needsRedis: true },
  { method: 'POST', path: '/v1/workflows/:id/resume', handler: controlWorkflow('resume'), needsRedis: true },
  { method: 'POST', path: '/v1/workflows/:id/cancel', handler: controlWorkflow('cancel'), needsRedis: true },
  { method: 'POST', path: '/v1/workflows/:id/terminate', handler: controlWorkflow('terminate'), needsRedis: true },
  { method: 'POST', path: '/v1/workflows/:id/retry', handler: controlWorkflow('retry'), needsRedis: true },
  { method: 'POST', path: '/v1/workflows/:id/rerun', handler: controlWorkflow('rerun'), needsRedis: true },
  { method: 'POST', path: '/v1/workflows/:id/restart', handler: restartWorkflow, needsRedis: true },
  { method: 'POST', path: '/v1/workflows/:id/signals/:name', handler: signalWorkflow, needsRedis: true },
  { method: 'GET', path: '/v1/workflows/:id/approvals', handler: listApprovals, needsRedis: true },
  { method: 'POST', path: '/v1/workflows/:id/approvals/:subtask_id', handler: answerApproval, needsRedis: true },
  { method: 'POST', path: '/v1/workflow-types', handler: registerType, needsRedis: true },
  { method: 'GET', path: '/v1/workflow-types', handler: listTypes, needsRedis: true },
  { method: 'GET', path: '/v1/workflow-types/:name/:version', handler: getType, needsRedis: true },
  { method: 'PUT', path: '/v1/workflow-types/:name', handler: limitType, needsRedis: true },
  { method: 'GET', path: '/v1/agents', handler: listAgents, needsRedis: true },
  { method: 'GET', path: '/v1/capabilities', handler: listCapabilities, needsRedis: true },
  { method: 'PUT', path: '/v1/capabilities/:name', handler: limitCapability, needsRedis: true },
  { method: 'GET', path: '/v1/dead-letters', handler: listDeadLetters, needsRedis: true },
  { method: 'POST', path: '/v1/dead-letters/replay', handler: replayDeadLetters, needsRedis: true, waitMsMax: longMsMax },
  { method: 'POST', path: '/v1/dead-letters/:id/replay', handler: replayDeadLetter, needsRedis: true },
  { method: 'POST', path: '/v1/dead-letters/:id/drop', handler: dropDeadLetter, needsRedis: true },
  { method: 'GET', path: '/v1/doctor', handler: examine, needsRedis: 'any shard', waitMsMax: longMsMax },
  { method: 'POST', path: '/v1/doctor/fix', handler: fix, needsRedis: 'any shard', waitMsMax: longMsMax },
  { method: 'GET', path: '/healthz', handler: liveness, needsRedis: false },
  { method: 'GET', path: '/readyz', handler: readiness, needsRedis: false },
  { method: 'GET', path: '/metrics', handler: metrics, needsRedis: false },
];
