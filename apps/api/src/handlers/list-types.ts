/** GET /v1/workflow-types: what can be started by name. */
import type { WorkflowTypeListView } from '@baton/protocol';
import { ok } from '../answer.ts';
import type { Handler } from '../deps.ts';

export const listTypes: Handler = async ({ store }) => {
  const types = await store.types();
  const body: WorkflowTypeListView = { types: types.map(({ name, versions }) => ({ name, versions: [...versions] })) };
  return ok(body);
};
