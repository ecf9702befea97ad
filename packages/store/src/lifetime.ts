/**
 * How long what lives: nothing of a workflow that has not ended expires, everything of one that has goes with its retention.
 * A definition expires unless it is registered, and never before a workflow that it belongs to.
 */
import { type Commit, type Definition, hasEnded, partitionOf, type Workflow, type WorkflowState } from '@baton/core';
import { type Write, write } from './guarded-write.ts';
import { deadlineMember } from './sorted-member.ts';
import type { StoreKeys } from './store-keys.ts';
import { indexesOf, indexMember } from './workflow-index.ts';
import { outOfLineField } from './workflow-record.ts';

const day = 24 * 60 * 60_000;

/** How much longer than needed Redis keeps things, for the case that no orchestrator is there to tidy up. */
export const slackMs = { workflow: day, definition: 7 * day, flag: day / 24 } as const;

/**
 * Flags outlive what may still begin when its workflow ends: a job that finds none does. A first attempt does not begin later than the workflow may last,
 * and whoever waits for a further one that long has been taken out of the queue by then, as nobody needs it.
 */
function flagMs({ timeout_ms }: Definition): number {
  return timeout_ms + slackMs.flag;
}

/** Does its life begin, or begin again? Then the definition must last as long once more. */
export function beginsLife({ workflow, patch }: Commit): boolean {
  const { revision, state } = workflow;
  if (revision === 0) return true;
  return patch.state !== undefined && ((state.status === 'paused' && patch.state.status !== 'paused') || (hasEnded(state) && !hasEnded(patch.state)));
}

/** A registered definition is there already and has no expiry: both commands leave it as it is. */
export function definitionWrites(keys: StoreKeys, commit: Commit): readonly Write[] {
  if (!beginsLife(commit)) return [];
  const { definition, hash } = commit.workflow.type;
  const keepMs = definitionKeepMs(definition);
  const key = keys.definition(hash);
  return [...write('SET', key, [JSON.stringify(definition), 'PX', keepMs, 'NX']), ...write('PEXPIRE', key, [keepMs, 'GT'])];
}

/** From the moment on at which the life of a workflow of it begins. */
export function definitionKeepMs({ timeout_ms, retention_ms }: Definition): number {
  return timeout_ms + retention_ms + slackMs.definition;
}

export function lifetimeWrites(keys: StoreKeys, { workflow, patch }: Commit): readonly Write[] {
  const { header, type, state, revision } = workflow;
  if (patch.state === undefined) return [];
  if (hasEnded(patch.state)) {
    const keepMs = type.definition.retention_ms + slackMs.workflow;
    const hasContext = workflow.context.size + patch.context.length > 0;
    const kept = [keys.workflow(header.id), keys.events(header.id), ...(hasContext ? [keys.context(header.id)] : [])];
    return [...kept.flatMap((key) => write('PEXPIRE', key, [keepMs])), ...write('PEXPIRE', keys.control(header.id), [flagMs(type.definition)])];
  }
  return revision > 0 && hasEnded(state) ? keys.ofWorkflow(header.id).map((key) => ({ command: 'PERSIST', key, words: [] })) : [];
}

/**
 * What of it is out of line in this Redis lives as long as its record does. Nothing where nothing ever was.
 *
 * @param blobs does this commit refer to any, and did one before?
 */
export function blobWrites(keys: StoreKeys, { workflow, patch }: Commit, blobs: { readonly refers: boolean; readonly referred: boolean }): readonly Write[] {
  const { refers, referred } = blobs;
  if (!refers && !referred) return [];
  const { id } = workflow.header;
  const key = keys.blobs(id);
  const marks = refers && !referred ? write('HSET', keys.workflow(id), [outOfLineField, '1']) : [];
  if (patch.state !== undefined && hasEnded(patch.state))
    return [...marks, ...write('PEXPIRE', key, [workflow.type.definition.retention_ms + slackMs.workflow])];
  const livesOn = refers || (patch.state !== undefined && hasEnded(workflow.state));
  return livesOn ? [...marks, { command: 'PERSIST', key, words: [] }] : marks;
}

/** An ended workflow goes with all that was ever written of it, but for the flags: work of it may still be queued, and they expire by themselves. */
export function purgeWrites(
  keys: StoreKeys,
  { header, state }: Pick<Workflow, 'header'> & { readonly state: WorkflowState },
  hasBlobs: boolean,
): readonly Write[] {
  const ofRecord = keys.ofWorkflow(header.id).filter((key) => key !== keys.control(header.id));
  const gone = hasBlobs ? [...ofRecord, keys.blobs(header.id)] : ofRecord;
  return [
    ...gone.map((key) => ({ command: 'UNLINK', key, words: [] })),
    ...indexesOf(keys, header, state.status).flatMap((key) => write('ZREM', key, [indexMember(header)])),
    ...write('ZREM', keys.deadlines(partitionOf(header.id)), [deadlineMember(header.id, null)]),
  ];
}
