/** What must hold where the queue runs what waits for others: who is marked, what a mark is good for, and that it all comes to what the record says. */
import { assignmentsOf, type Binding, type Board, type Commit, isMarked, isSettled, valueAt } from '@baton/core';
import { joinOf } from './join-invariant.ts';
import { answerKey, type Change } from './ledger-page.ts';

/** By subtask: the generation that is dispatched, in a tree or on its own. */
export function dispatchedIn({ effects }: Commit): ReadonlyMap<string, number> {
  return new Map(
    effects.flatMap((effect): (readonly [string, number])[] => {
      if (effect.kind === 'dispatch') return assignmentsOf(effect).map(({ subtaskId, generation }) => [subtaskId, generation]);
      return effect.kind === 'start_child' ? [[effect.start.parent.subtaskId, effect.start.parent.generation]] : [];
    }),
  );
}

/** Everything that it waits for has gone well, or is dispatched with it. */
export function markedRightly({ commit, before, after }: Change): string | null {
  const { header, type } = commit.workflow;
  const board: Board = { header, type, get: after, view: () => ({}) };
  const acted = dispatchedIn(commit);
  for (const [id, subtask] of commit.patch.subtasks) {
    if (!isMarked(subtask) || isMarked(before(id))) continue;
    const wanted = joinOf(board, id);
    if (wanted?.join.kind !== 'all') return `${id} is marked, and its join is "${wanted?.join.kind}"`;
    const wrong = wanted.needs.find((need) =>
      need in subtask.behind ? acted.get(need) !== subtask.behind[need] : after(need)?.status !== 'completed' && after(need)?.status !== 'failed_permanent',
    );
    if (wrong !== undefined) return `${id} is marked, and ${wrong} is ${after(wrong)?.status} and not dispatched with it`;
  }
  return null;
}

/** Who begins by its mark stands behind what has completed, as it was dispatched then. */
export function markHeld({ commit: { patch }, before, after }: Change): string | null {
  for (const [id, subtask] of patch.subtasks) {
    const earlier = before(id);
    const isBegun = subtask.status === 'assigned' || subtask.status === 'completed' || subtask.status === 'retrying';
    if (!isMarked(earlier) || !isBegun || subtask.generation !== earlier.generation) continue;
    const wrong = Object.entries(earlier.behind).find(([need, generation]) => after(need)?.status !== 'completed' || after(need)?.generation !== generation);
    if (wrong !== undefined)
      return `${id} began by its mark, but ${wrong[0]} is ${after(wrong[0])?.status}~${after(wrong[0])?.generation}, not completed~${wrong[1]}`;
  }
  return null;
}

/** Nobody is left to begin what nobody waits for: where no reply has come yet, a flag says so. */
export function recalled({ page, commit: { patch }, before }: Change): string | null {
  for (const [id, subtask] of patch.subtasks) {
    const earlier = before(id);
    const isDropped = subtask.generation !== earlier?.generation || (isSettled(subtask) && !('execution' in subtask));
    if (!isMarked(earlier) || !isDropped) continue;
    const key = `${id}~${earlier.generation}`;
    const isFlagged = patch.control.some(({ key: flagged, flag }) => (flagged === key || flagged === '*') && flag?.startsWith('cancelled:'));
    if (!isFlagged && ![...page.answered.keys()].some((answered) => answered.startsWith(`${key} `))) return `${key} is in the queue and was not called back`;
  }
  return null;
}

/** What an agent had of its inputs is what the record says that they came to. */
export function builtOnTheRecord({ page, commit: { patch }, after }: Change): string | null {
  for (const [id, subtask] of patch.subtasks) {
    if ((subtask.status !== 'completed' && subtask.status !== 'failed_permanent') || subtask.execution === undefined) continue;
    const assignment = page.answered.get(answerKey(id, subtask.generation, subtask.execution));
    // Who did not get as far as to have anything of them has built on nothing.
    if (assignment?.metadata.built_on === undefined) continue;
    for (const { at, input, path } of (assignment.payload.bindings ?? []) as readonly Binding[]) {
      const recorded = after(input);
      const [had, should] = [valueAt(assignment.payload.parameters, at), recorded?.status === 'completed' ? valueAt(recorded.result, path) : undefined];
      // What may be absent is null in a list.
      if (JSON.stringify(had ?? null) !== JSON.stringify(should ?? null))
        return `${id} was made of ${JSON.stringify(had)} from ${input}, and the record says ${JSON.stringify(should)}`;
    }
  }
  return null;
}
