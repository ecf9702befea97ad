/** Going on after a pause, a retry or a rerun: whatever can begin does. */
import type { Draft } from './draft.ts';
import type { Graph } from './graph.ts';
import { continueLoop } from './loop.ts';
import { continueMap } from './map.ts';
import { planGraph } from './plan-graph.ts';
import { gate } from './progress.ts';
import { partOfPlan } from './subtask-id.ts';
import { definitionKey, partsKey, settledIn } from './tally.ts';

/** Running again: the flag that held agents back goes. */
export function run(draft: Draft, expiresAt: number): void {
  const { graph } = draft.type;
  draft.state = { status: 'running', expiresAt };
  draft.deadlines.set(null, expiresAt);
  draft.control.set('*', null);
  for (const id of graph.nodes.keys()) wake(draft, id);
  // It was the end itself that failed.
  if (settledIn(draft.tally(definitionKey)) === graph.nodes.size) draft.todo.push({ kind: 'whole', id: null });
}

/** A step that could begin, or a composite whose parts could. */
function wake(draft: Draft, id: string): void {
  const subtask = draft.get(id);
  if (subtask === undefined || subtask.status === 'pending') return gate(draft, id);
  if (subtask.status !== 'running') return;
  if (subtask.parts.kind === 'loop') return continueLoop(draft, id);
  if (subtask.parts.kind === 'map') return continueMap(draft, id, { fromStart: true });
  const parts = [...(planGraph(subtask) as Graph).nodes.keys()];
  if (settledIn(draft.tally(partsKey(id))) === parts.length) return void draft.todo.push({ kind: 'whole', id });
  for (const local of parts) wake(draft, partOfPlan(id, local));
}
