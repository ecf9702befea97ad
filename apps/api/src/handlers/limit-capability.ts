/** PUT /v1/capabilities/:name: how many of its subtasks may run at the same time, on all agents together. Works at once. */
import { strict as assert } from 'node:assert';
import { CapabilityName } from '@baton/core';
import { CapabilityBody } from '@baton/protocol';
import { z } from 'zod';
import { belowShards, ok } from '../answer.ts';
import type { Handler } from '../deps.ts';
import { parseInput } from '../input.ts';
import { capabilityView } from '../view.ts';

const Path = z.object({ name: CapabilityName });

export const limitCapability: Handler = async ({ queue, shardCount }, { params, body }) => {
  const path = parseInput(Path, 'The path is', params);
  if (!path.ok) return path.answer;
  const input = parseInput(CapabilityBody, 'The body is', body);
  if (!input.ok) return input.answer;
  const { name } = path.value;
  const { concurrency } = input.value;
  if (concurrency !== null && concurrency < shardCount) return belowShards(shardCount);
  await queue.limitConcurrency(name, concurrency);
  const [facts] = await queue.capabilities([name]);
  assert(facts !== undefined, 'the queue answers for each capability');
  return ok(capabilityView(facts));
};
