/**
 * Workflow state on Redis: the port `WorkflowStore`.
 * **Invariants:** a workflow's keys change through commit.lua only, against the revision that was read; what a load returns was committed
 * as a whole; the cost of a commit goes with its patch. Deliberately absent: locks, and any read before a commit.
 */
import { type CommitOutcome, currentSchema, hasEnded, nextEventHash, restoreWorkflow, type Schema, type WorkflowStore } from '@baton/core';
import { createAgenda } from './agenda.ts';
import { commitWrites, type Given } from './commit-writes.ts';
import { createConversations } from './conversation.ts';
import { hashOf } from './event-entry.ts';
import { createEventLog } from './event-log.ts';
import { guardedWrite } from './guarded-write.ts';
import { beginsLife, purgeWrites } from './lifetime.ts';
import type { Redis } from './redis.ts';
import { answer, answers, defineScripts, transactionAnswers } from './redis-connection.ts';
import { createSecret } from './secret.ts';
import { type StoreKeys, storeKeys } from './store-keys.ts';
import { storedDefinitions } from './stored-definitions.ts';
import { createTypeLimits } from './type-limits.ts';
import { createTypeRegistry, type TypeRegistry } from './type-registry.ts';
import { activeCeiling } from './workflow-index.ts';
import { createWorkflowList } from './workflow-list.ts';
import { contextOf, revisionText, summaryFields, workflowRecord, workflowSummary } from './workflow-record.ts';

export interface StoreOptions {
  /** Shared with whoever; the store adds its scripts to it and never closes it. */
  readonly redis: Redis;
  /** A hash tag, like `{baton:0}`. */
  readonly prefix: string;
  /** What it reads and writes: that of this code, but in tests. */
  readonly schema?: Schema;
}

/** Every method throws a {@link StoreError} where Redis does not answer, or answers with an error. */
export function createStore({ redis, prefix, schema = currentSchema }: StoreOptions): WorkflowStore {
  defineScripts(redis);
  const keys = storeKeys(prefix);
  const registry = createTypeRegistry(redis, keys, schema);
  const { register, findType, types } = registry;
  return {
    ...createWorkflows(redis, keys, registry, schema),
    ...createWorkflowList(redis, keys, schema),
    ...createEventLog(redis, keys, schema),
    ...createAgenda(redis, keys),
    ...createConversations(redis, [keys]),
    ...createSecret(redis, keys),
    ...createTypeLimits(redis, keys),
    register,
    findType,
    types,
  };
}

type Workflows = Pick<WorkflowStore, 'load' | 'summary' | 'commit' | 'purge'>;

function createWorkflows(redis: Redis, keys: StoreKeys, registry: TypeRegistry, schema: Schema): Workflows {
  const stored = storedDefinitions(redis);

  return {
    async load(workflowId) {
      // A transaction, so that no commit comes between them.
      const [hash, context, lastEntry] = (await transactionAnswers(
        redis.multi().hgetall(keys.workflow(workflowId)).hgetall(keys.context(workflowId)).lindex(keys.events(workflowId), -1),
      )) as readonly [hash: Record<string, string>, context: Record<string, string>, lastEntry: string | null];
      const record = workflowRecord(workflowId, hash, schema);
      if (record === null) return null;
      const { header, definition, ...parts } = record;
      const type = await registry.byHash(header.definitionHash, definition);
      return restoreWorkflow(header, type, { ...parts, eventHash: hashOf(lastEntry, schema), context: contextOf(context) });
    },

    async summary(workflowId) {
      return workflowSummary(workflowId, await answer(redis.hmget(keys.workflow(workflowId), ...summaryFields)), schema);
    },

    /**
     * Each commit is written as a whole or not at all, but they are not one transaction: where this throws, some may be written and
     * others not. Load what it was about again. A commit that is sent twice, because the connection broke before its answer came, is
     * written once and answers `conflict`; what it dispatched is found in the outbox.
     */
    async commit(commits) {
      const given = commits.map(({ workflow, patch }) => ({
        eventHash: nextEventHash(workflow.eventHash, patch.events),
        isDefinitionStored: stored.has(keys.definition(workflow.type.hash)),
        schema,
      }));
      const written = await answers(
        commits.map((commit, index) => {
          const { header, revision, type } = commit.workflow;
          registry.remember(type);
          const guard = { workflow: keys.workflow(header.id), revision: revisionText(schema, revision) };
          return guardedWrite(redis, guard, commitWrites(keys, commit, given[index] as Given), activeCeiling(keys, commit));
        }),
      );
      return commits.map((commit, index): CommitOutcome => {
        const { workflow } = commit;
        const { eventHash, isDefinitionStored } = given[index] as Given;
        if (written[index] !== 1) return { status: written[index] === -1 ? 'full' : 'conflict' };
        if (beginsLife(commit) && !isDefinitionStored) stored.set(keys.definition(workflow.type.hash), true);
        return { status: 'committed', revision: workflow.revision + 1, eventHash };
      });
    },

    /** Leaves a workflow that has not ended as it is. */
    async purge(workflowId) {
      const workflow = keys.workflow(workflowId);
      const [revision, ...fields] = await answer(redis.hmget(workflow, ...summaryFields));
      const summary = workflowSummary(workflowId, [revision, ...fields], schema);
      if (summary === null || !hasEnded(summary.state)) return;
      await answer(guardedWrite(redis, { workflow, revision: String(revision) }, purgeWrites(keys, summary)));
    },
  };
}
