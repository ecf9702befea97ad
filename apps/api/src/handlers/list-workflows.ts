/** GET /v1/workflows: newest first, by status and type, in pages. */
import { TypeName } from '@baton/core';
import { type WorkflowListView, workflowStatusNames } from '@baton/protocol';
import { z } from 'zod';
import { ok } from '../answer.ts';
import type { Handler } from '../deps.ts';
import { iso } from '../fields.ts';
import { parseInput } from '../input.ts';
import { summaryView } from '../view.ts';

const Query = z.strictObject({
  status: z.enum(workflowStatusNames).optional(),
  type: TypeName.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().min(1).max(256).optional(),
});

export const listWorkflows: Handler = async ({ store }, request) => {
  const query = parseInput(Query, 'The query is', request.query);
  if (!query.ok) return query.answer;
  const { status, type, limit, cursor } = query.value;
  const page = await store.list({ limit, ...(status && { status }), ...(type && { type }), ...(cursor && { cursor }) });
  const body: WorkflowListView = {
    workflows: page.workflows.map(({ header, state }) => summaryView(header, state)),
    ...(page.newer && { newer: page.newer.map(({ id, createdAt }) => ({ workflow_id: id, created_at: iso(createdAt) })) }),
    next_cursor: page.cursor ?? null,
  };
  return ok(body);
};
