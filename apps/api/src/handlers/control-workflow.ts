/** POST /v1/workflows/:id/{pause,resume,cancel,terminate,retry,rerun}: each is idempotent, and refused with 409 in the states that do not allow it. */
import { type Control, type ControlAction, controlRules, defaults } from '@baton/core';
import { type ControlBody, controlBodies } from '@baton/protocol';
import { caller } from '../caller.ts';
import { controlAnswer } from '../control-answer.ts';
import type { Handler } from '../deps.ts';
import { parseInput } from '../input.ts';
import { unknownWorkflow, workflowIdOf } from '../workflow-id.ts';

export function controlWorkflow(action: ControlAction): Handler {
  return async ({ engine }, request) => {
    const input = parseInput(controlBodies[action], 'The body is', request.body ?? {});
    if (!input.ok) return input.answer;
    const id = workflowIdOf(request);
    if (id === null) return unknownWorkflow(request);
    return controlAnswer(request, id, await engine.control(id, controlOf(action, input.value), caller), controlRules[action].from);
  };
}

function controlOf(action: ControlAction, body: ControlBody<ControlAction>): Control {
  if (action === 'cancel') return { action, graceMs: (body as ControlBody<'cancel'>).grace_ms ?? defaults.graceMs };
  return action === 'rerun' ? { action, from: (body as ControlBody<'rerun'>).from } : { action };
}
