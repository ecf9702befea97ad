/** GET /v1/workflow-types: what can be started by name. */
import type { WorkflowTypeListView } from '@baton/protocol';
import { ok } from '../answer.ts';
import type { Handler } from '../deps.ts';
import { readActivity } from '../type-activity.ts';

export const listTypes: Handler = async ({ store }) => {
  const [types, activityOf] = await Promise.all([store.types(), readActivity(store)]);
  const body: WorkflowTypeListView = { types: types.map(({ name, versions }) => ({ name, versions: [...versions], ...activityOf(name) })) };
  return ok(body);
};
