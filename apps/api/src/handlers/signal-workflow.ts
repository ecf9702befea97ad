/** POST /v1/workflows/:id/signals/:name. The same `id` (or `Idempotency-Key`) twice is one signal; one that comes early is kept. */
import { SubtaskId } from '@baton/core';
import { SignalBody } from '@baton/protocol';
import { nanoid } from 'nanoid';
import { z } from 'zod';
import { caller } from '../caller.ts';
import { controlAnswer } from '../control-answer.ts';
import type { Handler } from '../deps.ts';
import { parseInput } from '../input.ts';
import { unknownWorkflow, workflowIdOf } from '../workflow-id.ts';

const Path = z.object({ name: SubtaskId });
const Headers = z.object({ 'idempotency-key': z.string().min(1).max(128).optional() });

export const signalWorkflow: Handler = async ({ engine }, request) => {
  const path = parseInput(Path, 'The path is', request.params);
  if (!path.ok) return path.answer;
  const headers = parseInput(Headers, 'The headers are', request.headers);
  if (!headers.ok) return headers.answer;
  const input = parseInput(SignalBody, 'The body is', request.body ?? {});
  if (!input.ok) return input.answer;
  const workflowId = workflowIdOf(request);
  if (workflowId === null) return unknownWorkflow(request);
  const { payload, id = headers.value['idempotency-key'] ?? nanoid() } = input.value;
  return controlAnswer(request, workflowId, await engine.signal(workflowId, { id, name: path.value.name, payload, by: caller }));
};
