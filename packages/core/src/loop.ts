/** Generator and critic: rounds until a draft is good enough, or it is no use going on. What it results in is the best draft. */
import type { LoopNode } from './definition.ts';
import { type Draft, generationOf, put } from './draft.ts';
import { evaluate } from './expression.ts';
import { nodeOf, resultAt } from './frame.ts';
import type { Json } from './json.ts';
import { valueAt } from './reference.ts';
import { conclude, fail } from './settle.ts';
import type { LoopRound } from './subtask.ts';
import { partOfRound } from './subtask-id.ts';

export function beginLoop(draft: Draft, id: string, node: LoopNode): void {
  put(draft, id, { status: 'running', generation: generationOf(draft, id), assignedAt: draft.now, parts: { kind: 'loop', round: 1, rounds: [] } });
  draft.deadlines.set(id, draft.now + node.timeout_ms);
  continueLoop(draft, id);
}

/** A part has settled, or the loop has begun or goes on after a pause: the next part, the next round, or the end. */
export function continueLoop(draft: Draft, id: string): void {
  const loop = draft.get(id);
  const node = nodeOf(draft, id);
  if (loop?.status !== 'running' || loop.parts.kind !== 'loop' || node.kind !== 'loop') return;
  const { round, rounds } = loop.parts;
  for (const part of ['generate', 'critique'] as const) {
    const partId = partOfRound(id, round, part);
    const subtask = draft.get(partId);
    if (subtask === undefined || subtask.status === 'pending') return void draft.todo.push({ kind: 'begin', id: partId });
    if (subtask.status === 'failed_permanent') {
      return fail(draft, id, {
        code: 'ROUND_FAILED',
        message: `Round ${round}: ${part} failed: ${subtask.error.message}`,
        details: { code: subtask.error.code },
      });
    }
    if (subtask.status !== 'completed') return;
  }
  judge(draft, id, node, round, rounds);
}

function judge(draft: Draft, id: string, node: LoopNode, round: number, rounds: readonly LoopRound[]): void {
  const critique = resultAt(draft.get(partOfRound(id, round, 'critique'))) as Json;
  const given = valueAt(critique, node.score.split('.'));
  if (typeof given !== 'number' && (node.threshold !== undefined || node.patience !== undefined)) {
    return fail(draft, id, { code: 'NO_SCORE', message: `The critique of round ${round} has no number at "${node.score}".` });
  }
  const score = typeof given === 'number' ? given : null;
  const verdict = isGoodEnough(draft, id, node, { round, score, critique });
  if ('message' in verdict) return fail(draft, id, { code: 'EXPRESSION_FAILED', message: `"until" of the loop: ${verdict.message}` });

  const judged = [...rounds, { score }];
  const loop = draft.get(id) as { readonly generation: number; readonly assignedAt: number };
  const isOver = verdict.good || round >= node.max_iterations || isStale(judged, node.patience);
  put(draft, id, {
    status: 'running',
    generation: loop.generation,
    assignedAt: loop.assignedAt,
    parts: { kind: 'loop', round: isOver ? round : round + 1, rounds: judged },
  });
  if (!isOver) return continueLoop(draft, id);
  if (verdict.good) return conclude(draft, id, draftOfRound(draft, id, round));
  exhausted(draft, id, node, judged);
}

function isGoodEnough(
  draft: Draft,
  id: string,
  { threshold, until }: LoopNode,
  { round, score, critique }: { readonly round: number; readonly score: number | null; readonly critique: Json },
): { readonly good: boolean } | { readonly message: string } {
  if (threshold !== undefined && score !== null && score >= threshold) return { good: true };
  if (until === undefined) return { good: false };
  const verdict = evaluate(until, { round, score, critique, draft: draftOfRound(draft, id, round), params: draft.header.params });
  return verdict.ok ? { good: verdict.value === true } : verdict;
}

/** No better for so many rounds. */
function isStale(rounds: readonly LoopRound[], patience: number | undefined): boolean {
  return patience !== undefined && rounds.length - bestOf(rounds) >= patience;
}

/** The number of the best round, the first of equals. Without scores: the last. */
function bestOf(rounds: readonly LoopRound[]): number {
  const scores = rounds.map(({ score }) => score ?? Number.NEGATIVE_INFINITY);
  const best = Math.max(...scores);
  return best === Number.NEGATIVE_INFINITY ? rounds.length : scores.indexOf(best) + 1;
}

function exhausted(draft: Draft, id: string, { on_exhausted }: LoopNode, rounds: readonly LoopRound[]): void {
  const best = bestOf(rounds);
  if (on_exhausted === 'fail') {
    const quality = rounds[best - 1]?.score;
    return fail(draft, id, {
      code: 'MAX_ITERATIONS_EXCEEDED',
      message: `Quality only reached ${quality ?? 'no score'} after ${rounds.length} iterations.`,
      details: { best_round: best, rounds: rounds.length },
    });
  }
  conclude(draft, id, draftOfRound(draft, id, best), on_exhausted === 'degrade' ? { degraded: true } : {});
}

function draftOfRound(draft: Draft, id: string, round: number): Json {
  return resultAt(draft.get(partOfRound(id, round, 'generate'))) as Json;
}
