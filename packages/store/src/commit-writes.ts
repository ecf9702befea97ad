/** What a commit writes, as commands on keys. Pure: all of it goes into one run of commit.lua. Its size goes with the patch. */
import { type Commit, type DeadlineChange, hasEnded, partitionOf, type Workflow } from '@baton/core';
import { eventWrites } from './event-log.ts';
import { type Word, type Write, write } from './guarded-write.ts';
import { deadlineMember, outboxMember } from './sorted-member.ts';
import type { StoreKeys } from './store-keys.ts';
import { indexMember, lastingIndexes, statusIndexes } from './workflow-index.ts';

const day = 24 * 60 * 60_000;

/** How much longer than needed Redis keeps things, for the case that no orchestrator is there to tidy up. */
export const slackMs = { workflow: day, definition: 7 * day } as const;

export function commitWrites(keys: StoreKeys, commit: Commit, eventHash: string): readonly Write[] {
  return [
    ...recordWrites(keys, commit, eventHash),
    ...definitionWrites(keys, commit),
    ...outboxWrites(keys, commit),
    ...deadlineWrites(keys, commit),
    ...statusWrites(keys, commit),
    ...eventWrites(keys.events(commit.workflow.header.id), commit.patch.events, eventHash),
    ...retentionWrites(keys, commit),
  ];
}

/** An ended workflow goes with all that was ever written of it. */
export function purgeWrites(keys: StoreKeys, { header, state }: Pick<Workflow, 'header' | 'state'>): readonly Write[] {
  const indexes = [...lastingIndexes(keys, header), ...statusIndexes(keys, header, state.status)];
  return [
    ...keys.ofWorkflow(header.id).map((key) => ({ command: 'UNLINK', key, words: [] })),
    ...indexes.flatMap((key) => write('ZREM', key, [indexMember(header)])),
    ...write('ZREM', keys.deadlines(partitionOf(header.id)), [deadlineMember(header.id, null)]),
  ];
}

function recordWrites(keys: StoreKeys, { workflow, patch }: Commit, eventHash: string): readonly Write[] {
  const fields: Word[] = ['revision', workflow.revision + 1];
  if (workflow.revision === 0) fields.push('header', JSON.stringify(workflow.header));
  if (workflow.revision === 0 || patch.state !== undefined) fields.push('state', JSON.stringify(patch.state ?? workflow.state));
  if (patch.events.length > 0) fields.push('event_hash', eventHash);
  for (const [id, subtask] of patch.subtasks) fields.push(`s:${id}`, JSON.stringify(subtask));
  return write('HSET', keys.workflow(workflow.header.id), fields);
}

/** A registered definition is there already and has no expiry: both commands leave it as it is. */
function definitionWrites(keys: StoreKeys, { workflow }: Commit): readonly Write[] {
  if (workflow.revision > 0) return [];
  const { definition, hash } = workflow.type;
  const keepMs = definition.timeout_ms + definition.retention_ms + slackMs.definition;
  const key = keys.definition(hash);
  return [...write('SET', key, [JSON.stringify(definition), 'PX', keepMs, 'NX']), ...write('PEXPIRE', key, [keepMs, 'GT'])];
}

function outboxWrites(keys: StoreKeys, { workflow, patch, dispatches }: Commit): readonly Write[] {
  const key = keys.outbox(workflow.partition);
  const workflowId = workflow.header.id;
  const done = patch.subtasks.flatMap(([subtaskId, after]) => {
    const before = workflow.subtasks.get(subtaskId);
    if (before?.status !== 'assigned' || (after.status === 'assigned' && after.generation === before.generation)) return [];
    return [outboxMember({ workflowId, subtaskId, generation: before.generation })];
  });
  const added = dispatches.flatMap((dispatch) => [dispatch.issuedAt, outboxMember(dispatch)]);
  return [...write('ZREM', key, done), ...write('ZADD', key, added)];
}

function deadlineWrites(keys: StoreKeys, { workflow, patch }: Commit): readonly Write[] {
  const key = keys.deadlines(workflow.partition);
  const member = ({ subtaskId }: DeadlineChange) => deadlineMember(workflow.header.id, subtaskId);
  const changes = new Map(patch.deadlines.map((change) => [member(change), change.at]));
  // What is left to do for a workflow that has ended is to purge it.
  if (patch.state !== undefined && hasEnded(patch.state) && 'endedAt' in patch.state) {
    changes.set(deadlineMember(workflow.header.id, null), patch.state.endedAt + workflow.type.definition.retention_ms);
  }
  const removed = [...changes].flatMap(([name, at]) => (at === null ? [name] : []));
  const set = [...changes].flatMap(([name, at]) => (at === null ? [] : [at, name]));
  return [...write('ZREM', key, removed), ...write('ZADD', key, set)];
}

function statusWrites(keys: StoreKeys, { workflow, patch }: Commit): readonly Write[] {
  const { header } = workflow;
  const member = indexMember(header);
  const isNew = workflow.revision === 0;
  const before = isNew ? undefined : workflow.state;
  const after = patch.state ?? workflow.state;
  if (before?.status === after.status) return [];

  const wasActive = before !== undefined && !hasEnded(before);
  const change = Number(!hasEnded(after)) - Number(wasActive);
  const left = before === undefined ? [] : statusIndexes(keys, header, before.status);
  const entered = [...(isNew ? lastingIndexes(keys, header) : []), ...statusIndexes(keys, header, after.status)];
  return [
    ...left.flatMap((key) => write('ZREM', key, [member])),
    ...entered.flatMap((key) => write('ZADD', key, [0, member])),
    ...(change === 0 ? [] : write('HINCRBY', keys.active, [header.type, change])),
  ];
}

function retentionWrites(keys: StoreKeys, { workflow, patch }: Commit): readonly Write[] {
  if (patch.state === undefined || !hasEnded(patch.state)) return [];
  const keepMs = workflow.type.definition.retention_ms + slackMs.workflow;
  return keys.ofWorkflow(workflow.header.id).flatMap((key) => write('PEXPIRE', key, [keepMs]));
}
