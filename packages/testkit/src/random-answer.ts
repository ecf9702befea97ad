/** What an agent of a random workflow answers: by the name of the capability, now and then something that is not what was asked for. */
import type { Json, JsonObject } from '@baton/core';
import type { AssignmentMessage } from '@baton/protocol';
import type { Random } from './random.ts';
import { randomNodes } from './random-definition.ts';

export interface RandomAnswer {
  readonly result: Json;
  readonly contextUpdate?: JsonObject;
}

/** @param isGood without the answers that are wrong */
export function randomAnswer(random: Random, { payload }: AssignmentMessage, isGood: boolean): RandomAnswer {
  const result = resultOf(random, payload.operation, isGood);
  return random.chance(0.7) ? { result, contextUpdate: contextUpdate(random) } : { result };
}

function resultOf(random: Random, capability: string, isGood: boolean): Json {
  if (capability === 'planner.plan') return plan(random, isGood);
  if (capability === 'critic.score') return !isGood && random.chance(0.1) ? { quality_score: 'fine' } : { quality_score: random.next() };
  if (!isGood && random.chance(0.1)) return random.pick<Json>([null, 7, 'what?', {}, { n: 'seven' }, [1]]);
  return { n: isGood ? 1 + random.below(3) : random.below(4), ok: random.chance(0.5), list: [1, 2].slice(0, random.below(3)) };
}

/** Paths that some steps may write and others may not. */
function contextUpdate(random: Random): JsonObject {
  return Object.fromEntries(random.some(['a', 'a.b', 'a.b.c', 'c', 'd'], 0.5).map((path) => [path, random.below(10)]));
}

function plan(random: Random, isGood: boolean): Json {
  if (!isGood && random.chance(0.4)) {
    return random.pick<Json>([
      'not a plan',
      { nodes: [{ id: 'p0', capability: 'secret.read' }] },
      {
        nodes: [
          { id: 'p0', capability: 'work.a', needs: ['p1'] },
          { id: 'p1', capability: 'work.a', needs: ['p0'] },
        ],
      },
      { nodes: Array.from({ length: 9 }, (_, index) => ({ id: `p${index}`, capability: 'work.a' })) },
      { nodes: [{ id: 'p0' }] },
    ]);
  }
  return { nodes: randomNodes(random, { prefix: 'p', count: random.below(4), children: [], isPlanned: true, isPlain: random.chance(0.5) }) as unknown as Json };
}
