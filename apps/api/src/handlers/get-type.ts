/** GET /v1/workflow-types/:name/:version: the definition as it was registered; `latest` is the highest version. */
import { TypeName } from '@baton/core';
import type { WorkflowTypeView } from '@baton/protocol';
import { z } from 'zod';
import { existingTypes, ok, problem } from '../answer.ts';
import type { Handler } from '../deps.ts';
import { parseInput } from '../input.ts';
import { readActivity } from '../type-activity.ts';

const Path = z.object({ name: TypeName, version: z.union([z.literal('latest'), z.coerce.number().int().min(1)], 'must be a number from 1 or "latest"') });

export const getType: Handler = async ({ store }, { params }) => {
  const path = parseInput(Path, 'The path is', params);
  if (!path.ok) return path.answer;
  const { name, version } = path.value;
  const type = await store.findType(name, version);
  if (type === null) return problem('unknown_type', `There is no workflow type ${name}@${version}. ${existingTypes(await store.types())}`);
  const definition = type.definition as unknown as WorkflowTypeView['definition'];
  const body: WorkflowTypeView = { name, version: type.version, hash: type.hash, definition, ...(await readActivity(store))(name) };
  return ok(body);
};
