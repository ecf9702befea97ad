/**
 * The one way a workflow changes: decide on what is known of it, commit, and only then act. Whoever committed in between wins; the loser
 * loads again and decides anew. Many workflows go through together: one round trip for all their commits, one per queue for their dispatches.
 */
import { strict as assert } from 'node:assert';
import {
  type Answered,
  apply,
  type Commit,
  type CommitOutcome,
  type DecideOptions,
  type Decision,
  decide,
  type Effect,
  isNothing,
  type NewerSchemaError,
  type Workflow,
  type WorkflowEvent,
} from '@baton/core';
import type { WorkflowCache } from './cache.ts';
import type { EngineDeps } from './deps.ts';
import { grouped } from './grouped.ts';

/** A conflict means that somebody else made progress; this many in a row on one workflow mean a bug. */
const conflictsMax = 100;

export type Events = ReadonlyMap<string, readonly WorkflowEvent[]>;

export interface Advance {
  /**
   * Applies the events to their workflows. Throws if the store cannot be reached: then nobody knows what was committed, and all is to be done again.
   *
   * @returns the answers to the requests among the events; a workflow that does not exist is missing
   * @throws {NewerSchemaError} for one that only newer processes know, when all others have been applied
   */
  (events: Events): Promise<ReadonlyMap<string, readonly Answered[]>>;
  /** The same for what nobody waits for. @returns the workflows whose events are left to newer processes: nothing was done about them */
  known(events: Events): Promise<ReadonlySet<string>>;
  /** Creates the workflow with its first decision, unless its id is taken, or `activeMax` of its type are active. */
  create(workflow: Workflow, activeMax?: number): Promise<'created' | 'taken' | 'full'>;
}

interface Applied {
  readonly answers: ReadonlyMap<string, readonly Answered[]>;
  readonly newer: ReadonlyMap<string, NewerSchemaError>;
}

interface Step {
  readonly workflow: Workflow;
  readonly decision: Decision;
  readonly activeMax?: number | undefined;
}

const creations = { committed: 'created', conflict: 'taken', full: 'full' } as const satisfies Record<CommitOutcome['status'], string>;

export function createAdvance(
  { store, now, observe, sameTree, areTreesCutUnderLoad = true, count = () => {} }: EngineDeps,
  cache: WorkflowCache,
  perform: (effects: readonly Effect[]) => Promise<void>,
): Advance {
  const write = grouped((commits: readonly Commit[]) => store.commit(commits));
  const options = (): DecideOptions => (areTreesCutUnderLoad || !write.isBusy() ? { sameTree } : {});

  async function applied(events: Events): Promise<Applied> {
    const answers = new Map<string, readonly Answered[]>();
    const newer = new Map<string, NewerSchemaError>();
    let open = events;
    for (let round = 0; open.size > 0; round += 1) {
      assert(round < conflictsMax, `${[...open.keys()].join(', ')}: ${conflictsMax} conflicts in a row`);
      const remembered = new Set([...open.keys()].filter((id) => cache.has(id)));
      const found = await cache.get(open.keys());
      for (const [id, error] of found.newer) newer.set(id, error);
      const steps = [...found.workflows].map(([id, workflow]) => ({ workflow, decision: decide(workflow, open.get(id) ?? [], now(), options()) }));
      for (const { workflow, decision } of steps) answers.set(workflow.header.id, decision.answers);
      // A commit finds out whether what is remembered is out of date. Where there is nothing to commit, only the store can tell.
      const unsure = idsOf(steps.filter(({ workflow, decision }) => isNothing(decision) && remembered.has(workflow.header.id)));
      for (const id of unsure) cache.drop(id);
      const changed = steps.filter(({ decision }) => !isNothing(decision));
      const outcomes = await commit(changed);
      const lost = idsOf(changed.filter((_, index) => outcomes[index]?.status !== 'committed'));
      open = new Map([...unsure, ...lost].map((id) => [id, open.get(id) ?? []]));
    }
    return { answers, newer };
  }

  async function commit(steps: readonly Step[]): Promise<readonly CommitOutcome[]> {
    if (steps.length === 0) return [];
    const commits = steps.map(({ workflow, decision, activeMax }) => ({ workflow, patch: decision.patch, effects: decision.effects, activeMax }));
    const outcomes = await write(commits).catch((error: unknown) => {
      for (const { workflow } of steps) cache.drop(workflow.header.id);
      throw error;
    });
    const committed = takeIn(steps, outcomes, cache);
    count('commits', committed.length);
    count('conflicts', outcomes.filter(({ status }) => status === 'conflict').length);
    for (const { workflow, decision } of committed) for (const event of decision.patch.events) observe(workflow.header, event);
    await perform(committed.flatMap(({ decision }) => decision.effects));
    return outcomes;
  }

  const create: Advance['create'] = async (workflow, activeMax) => {
    const decision = decide(workflow, [{ kind: 'started' }], now(), options());
    const [outcome] = await commit([{ workflow, decision, activeMax }]);
    return creations[outcome?.status ?? 'conflict'];
  };

  const advance = async (events: Events) => answersOf(await applied(events));
  const known = async (events: Events) => new Set((await applied(events)).newer.keys());
  return Object.assign(advance, { create, known });
}

function idsOf(steps: readonly Step[]): readonly string[] {
  return steps.map(({ workflow }) => workflow.header.id);
}

function answersOf({ answers, newer }: Applied): Applied['answers'] {
  for (const error of newer.values()) throw error;
  return answers;
}

/** What was committed is what is remembered from now on; what was not is forgotten. @returns what was */
function takeIn(steps: readonly Step[], outcomes: readonly CommitOutcome[], cache: WorkflowCache): readonly Step[] {
  const committed: Step[] = [];
  for (const [index, step] of steps.entries()) {
    const outcome = outcomes[index];
    if (outcome?.status === 'committed') {
      apply(step.workflow, step.decision.patch);
      Object.assign(step.workflow, { revision: outcome.revision, eventHash: outcome.eventHash });
      cache.keep(step.workflow, step.decision.patch);
      committed.push(step);
    } else {
      cache.drop(step.workflow.header.id);
    }
  }
  return committed;
}
