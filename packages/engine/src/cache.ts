/**
 * The workflows this process works on, as of their last commit. A stale one costs a conflict and a reload, never a wrong decision: what is decided
 * on one from here counts once it is committed, and that nothing is to be done does not count at all.
 */
import { hasEnded, NewerSchemaError, type Patch, type Workflow } from '@baton/core';
import { LRUCache } from 'lru-cache';
import type { EngineDeps } from './deps.ts';

const cachedBytesMax = 256 * 1024 * 1024;
/** What a subtask takes beside its values, and a value beside its text. Measured: workflows of 5 and of 50 subtasks take what they weigh, to a tenth. */
const subtaskBytes = 300;
const valueBytes = 16;

export interface Found {
  /** Those that do not exist (any more) are missing. */
  readonly workflows: Map<string, Workflow>;
  /** Those that exist, and of which only newer processes know more. */
  readonly newer: ReadonlyMap<string, NewerSchemaError>;
}

export interface WorkflowCache {
  /** From memory or from the store. */
  get(ids: Iterable<string>): Promise<Found>;
  /** From the store, whatever is in memory. */
  reload(ids: Iterable<string>): Promise<Found>;
  has(id: string): boolean;
  /** @param patch what was just applied to it */
  keep(workflow: Workflow, patch: Patch): void;
  drop(id: string): void;
}

interface Entry {
  readonly workflow: Workflow;
  readonly bytes: number;
  /** What it weighed when it was last weighed as a whole. */
  readonly wholeBytes: number;
}

export function createWorkflowCache({ store, count = () => {} }: Pick<EngineDeps, 'store' | 'count'>, bytesMax = cachedBytesMax): WorkflowCache {
  const cached = new LRUCache<string, Entry>({ maxSize: bytesMax, sizeCalculation: ({ bytes }) => bytes });

  async function load(id: string): Promise<Workflow | null> {
    count('reloads', 1);
    return await store.load(id);
  }

  async function found(ids: Iterable<string>, find: (id: string) => Promise<Workflow | null>): Promise<Found> {
    const workflows = new Map<string, Workflow>();
    const newer = new Map<string, NewerSchemaError>();
    const look = async (id: string): Promise<[string, Workflow | NewerSchemaError | null]> => [id, await find(id).catch(unlessNewer)];
    for (const [id, each] of await Promise.all([...ids].map(look))) {
      if (each instanceof NewerSchemaError) newer.set(id, each);
      else if (each !== null) workflows.set(id, each);
    }
    return { workflows, newer };
  }

  return {
    get: (ids) => found(ids, async (id) => cached.get(id)?.workflow ?? (await load(id))),
    reload: (ids) => found(ids, load),
    has: (id) => cached.has(id),
    keep(workflow, patch) {
      const { id } = workflow.header;
      if (hasEnded(workflow.state)) cached.delete(id);
      else cached.set(id, weighed(workflow, patch, cached.peek(id)));
    },
    drop: (id) => void cached.delete(id),
  };
}

/** It must not hold up what came together with it. */
function unlessNewer(error: unknown): NewerSchemaError {
  if (error instanceof NewerSchemaError) return error;
  throw error;
}

/** Only what a commit brings is weighed, so that it costs what it changes; once that has doubled the weight, the whole, without what was replaced. */
function weighed(workflow: Workflow, patch: Patch, before: Entry | undefined): Entry {
  if (before?.workflow === workflow) {
    const bytes = before.bytes + bytesOf([patch.subtasks, patch.context, patch.inbox]);
    if (bytes <= 2 * before.wholeBytes) return { ...before, bytes };
  }
  const bytes = workflowBytes(workflow);
  return { workflow, bytes, wholeBytes: bytes };
}

function workflowBytes({ header, type, subtasks, context, inbox }: Workflow): number {
  return subtaskBytes * type.graph.nodes.size + bytesOf([header, [...subtasks.values()], [...context.values()], [...inbox.values()]]);
}

/** About what a value takes in memory. Not recursive: results are as deep as agents like. */
function bytesOf(root: unknown): number {
  const open = [root];
  let bytes = 0;
  while (open.length > 0) {
    const value = open.pop();
    bytes += valueBytes;
    if (typeof value === 'string') bytes += value.length;
    else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) open.push(each);
  }
  return bytes;
}
