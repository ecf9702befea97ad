/** PUT /v1/workflow-types/:name: how many workflows of it may be active at the same time. Holds within a second; none that is active is ended. */
import { TypeName } from '@baton/core';
import { WorkflowTypeBody, type WorkflowTypeLimitView } from '@baton/protocol';
import { z } from 'zod';
import { belowShards, ok } from '../answer.ts';
import type { Handler } from '../deps.ts';
import { parseInput } from '../input.ts';
import { readActivity } from '../type-activity.ts';

const Path = z.object({ name: TypeName });

export const limitType: Handler = async ({ store, shardCount }, { params, body }) => {
  const path = parseInput(Path, 'The path is', params);
  if (!path.ok) return path.answer;
  const input = parseInput(WorkflowTypeBody, 'The body is', body);
  if (!input.ok) return input.answer;
  const { name } = path.value;
  const { max_active } = input.value;
  if (max_active !== null && max_active < shardCount) return belowShards(shardCount);
  await store.limitType(name, max_active);
  const [types, activityOf] = await Promise.all([store.types(), readActivity(store)]);
  // One that comes with its workflows is registered nowhere, and can be limited all the same.
  const versions = types.find((type) => type.name === name)?.versions ?? [];
  const view: WorkflowTypeLimitView = { name, versions: [...versions], ...activityOf(name) };
  return ok(view);
};
