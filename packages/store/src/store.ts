/**
 * Workflow state on Redis: the port `WorkflowStore`.
 * **Invariants:** a workflow's keys change through commit.lua only, against the revision that was read; what a load returns was committed
 * as a whole; the cost of a commit goes with its patch. Deliberately absent: locks, and any read before a commit.
 */
import { type Blob, createRedisBlobs, type Payloads, payloadsOf } from '@baton/blobs';
import {
  type BlobStore,
  type Commit,
  type CommitOutcome,
  currentSchema,
  hasEnded,
  nextEventHash,
  restoreWorkflow,
  type Schema,
  type Workflow,
  type WorkflowStore,
} from '@baton/core';
import { createAgenda } from './agenda.ts';
import { commitWrites, type Given } from './commit-writes.ts';
import { createConversations } from './conversation.ts';
import { hashOf } from './event-entry.ts';
import { createEventLog } from './event-log.ts';
import { guardedWrite, type Write } from './guarded-write.ts';
import { beginsLife, blobWrites, purgeWrites } from './lifetime.ts';
import { outgoingOf } from './outgoing.ts';
import type { Redis } from './redis.ts';
import { answer, answers, defineScripts, transactionAnswers } from './redis-connection.ts';
import { createSecret } from './secret.ts';
import { type StoreKeys, storeKeys } from './store-keys.ts';
import { storedDefinitions } from './stored-definitions.ts';
import { wholeFields } from './stored-payloads.ts';
import { createTypeLimits } from './type-limits.ts';
import { createTypeRegistry, type TypeRegistry } from './type-registry.ts';
import { wholeRecord } from './whole-record.ts';
import { activeCeiling } from './workflow-index.ts';
import { createWorkflowList } from './workflow-list.ts';
import { assertKnown, contextOf, outOfLineField, revisionText, summaryFields, workflowRecord, workflowSummary } from './workflow-record.ts';

export interface StoreOptions {
  /** Where payloads over the inline limit are kept. Absent: in this Redis. */
  readonly blobs?: BlobStore | undefined;
  /** Shared with whoever; the store adds its scripts to it and never closes it. */
  readonly redis: Redis;
  /** A hash tag, like `{baton:0}`. */
  readonly prefix: string;
  /** What it reads and writes: that of this code, but in tests. */
  readonly schema?: Schema;
}

/** Every method throws a {@link StoreError} where Redis does not answer, or answers with an error. */
export function createStore({ redis, prefix, blobs, schema = currentSchema }: StoreOptions): WorkflowStore {
  defineScripts(redis);
  const keys = storeKeys(prefix);
  const registry = createTypeRegistry(redis, keys, schema);
  const { register, findType, types } = registry;
  const payloads = payloadsOf(blobs ?? createRedisBlobs({ redis, prefix }));
  const agenda = createAgenda(redis, keys);
  return {
    ...createWorkflows(redis, keys, { registry, payloads, schema }),
    ...createWorkflowList(redis, keys, schema),
    ...createEventLog(redis, keys, schema),
    ...agenda,
    ...createConversations(redis, [keys]),
    ...createSecret(redis, keys),
    ...createTypeLimits(redis, keys),
    register,
    findType,
    types,
    async dropDeadline(partition, deadline) {
      // Redis let the record expire, with no orchestrator there to purge it.
      if (deadline.subtaskId === null && !payloads.goesWithRecord) await payloads.purge(deadline.workflowId);
      await agenda.dropDeadline(partition, deadline);
    },
  };
}

type Workflows = Pick<WorkflowStore, 'load' | 'summary' | 'commit' | 'purge'>;

function createWorkflows(redis: Redis, keys: StoreKeys, parts: Pick<Composing, 'registry' | 'payloads' | 'schema'>): Workflows {
  const { payloads, schema } = parts;
  const stored = storedDefinitions(redis);
  /** Those of which something was ever out of line in this Redis. */
  const referring = new WeakSet<Workflow>();
  const composing: Composing = {
    keys,
    ...parts,
    isStored: (definition) => stored.has(definition),
    hasReferred: (workflow) => referring.has(workflow),
  };

  return {
    load: createLoad(redis, composing, referring),

    async summary(workflowId) {
      const [revision = null, header = null, state = null] = await answer(redis.hmget(keys.workflow(workflowId), ...summaryFields));
      assertKnown(workflowId, revision, schema);
      const { fields, lost } = await wholeFields(payloads, workflowId, state === null ? {} : { state });
      const summary = workflowSummary(workflowId, [revision, header, fields['state']], schema);
      return summary === null || lost.length === 0 ? summary : { ...summary, isLost: true };
    },

    /**
     * Each commit is written as a whole or not at all, but they are not one transaction: where this throws, some may be written and
     * others not. Load what it was about again. A commit that is sent twice, because the connection broke before its answer came, is
     * written once and answers `conflict`; what it dispatched is found in the outbox.
     */
    async commit(commits) {
      const composed = commits.map((commit) => compose(composing, commit));
      const kept = composed.flatMap(({ blobs }) => blobs);
      // Only then: what is written refers to what is there.
      if (kept.length > 0) await payloads.keep(kept);
      const written = await answers(
        composed.map(({ writes }, index) => {
          const commit = commits[index] as Commit;
          const { header, revision } = commit.workflow;
          const guard = { workflow: keys.workflow(header.id), revision: revisionText(schema, revision) };
          return guardedWrite(redis, guard, writes, activeCeiling(keys, commit));
        }),
      );
      return commits.map((commit, index): CommitOutcome => {
        const { workflow } = commit;
        const { eventHash, isDefinitionStored, refers } = composed[index] as Composed;
        if (written[index] !== 1) return { status: written[index] === -1 ? 'full' : 'conflict' };
        if (beginsLife(commit) && !isDefinitionStored) stored.set(keys.definition(workflow.type.hash), true);
        if (refers) referring.add(workflow);
        return { status: 'committed', revision: workflow.revision + 1, eventHash };
      });
    },

    /** Leaves a workflow that has not ended as it is. */
    async purge(workflowId) {
      const workflow = keys.workflow(workflowId);
      const [hasBlobs, revision, ...fields] = await answer(redis.hmget(workflow, outOfLineField, ...summaryFields));
      const summary = workflowSummary(workflowId, [revision, ...fields], schema);
      if (summary === null || !hasEnded(summary.state)) return;
      // Before the record: as long as that is there, somebody comes back to it.
      if (!payloads.goesWithRecord) await payloads.purge(workflowId);
      await answer(guardedWrite(redis, { workflow, revision: String(revision) }, purgeWrites(keys, summary, hasBlobs !== null)));
    },
  };
}

function createLoad(redis: Redis, { keys, registry, payloads, schema }: Composing, referring: WeakSet<Workflow>): WorkflowStore['load'] {
  return async (workflowId) => {
    // A transaction, so that no commit comes between them.
    const [hash, context, lastEntry] = (await transactionAnswers(
      redis.multi().hgetall(keys.workflow(workflowId)).hgetall(keys.context(workflowId)).lindex(keys.events(workflowId), -1),
    )) as readonly [hash: Record<string, string>, context: Record<string, string>, lastEntry: string | null];
    assertKnown(workflowId, hash['revision'] ?? null, schema);
    const whole = await wholeRecord(payloads, workflowId, hash, context);
    const record = workflowRecord(workflowId, whole.hash, schema);
    if (record === null) return null;
    const { header, definition, ...parts } = record;
    const type = await registry.byHash(header.definitionHash, definition);
    const derived = { eventHash: hashOf(lastEntry, schema), context: contextOf(whole.context) };
    const workflow = restoreWorkflow(header, type, { ...parts, ...derived, ...(whole.lost.length > 0 && { lost: whole.lost }) });
    if (outOfLineField in hash) referring.add(workflow);
    return workflow;
  };
}

interface Composed extends Pick<Given, 'eventHash' | 'isDefinitionStored'> {
  readonly writes: readonly Write[];
  readonly blobs: readonly Blob[];
  /** To something that is out of line in this Redis. */
  readonly refers: boolean;
}

interface Composing {
  readonly keys: StoreKeys;
  readonly registry: TypeRegistry;
  readonly payloads: Payloads;
  readonly schema: Schema;
  readonly isStored: (definition: string) => boolean;
  readonly hasReferred: (workflow: Workflow) => boolean;
}

function compose({ keys, registry, payloads, schema, isStored, hasReferred }: Composing, commit: Commit): Composed {
  const { workflow, patch } = commit;
  registry.remember(workflow.type);
  const { kept, ...texts } = outgoingOf(payloads, commit);
  const eventHash = nextEventHash(workflow.eventHash, patch.events);
  const isDefinitionStored = isStored(keys.definition(workflow.type.hash));
  const writes = commitWrites(keys, commit, { ...texts, eventHash, isDefinitionStored, schema });
  // Those for a parent are its own affair, once it has read of them.
  const refers = payloads.goesWithRecord && kept.some(({ workflowId }) => workflowId === workflow.header.id);
  const lifetimes = blobWrites(keys, commit, { refers, referred: hasReferred(workflow) });
  return { writes: [...writes, ...lifetimes], blobs: kept, eventHash, isDefinitionStored, refers };
}
