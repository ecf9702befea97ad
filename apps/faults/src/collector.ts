/**
 * Looks at what was started until it has ended, before its retention is over: what it came to, what its log says, and some seconds later that none of that
 * has changed. Children are looked at with the workflow that they are the work of.
 */
import { isDeepStrictEqual } from 'node:util';
import { hasEnded, type Workflow, type WorkflowStore } from '@baton/core';
import { createAudit, storyOf, type Tallied } from './audit.ts';
import type { Ending } from './model.ts';

export interface Collected extends Tallied {
  readonly ended: number;
}

export interface Collector {
  add(id: string, expected: Ending): void;
  readonly isOver: (id: string) => boolean;
  readonly open: ReadonlySet<string>;
  /** One look at all that is open; whoever asks while there is one gets that. */
  look(): Promise<void>;
  collected(): Collected;
}

/** After its end, and well before its retention is over. */
const secondLookMs = 5_000;

interface Ended {
  readonly at: number;
  readonly record: ReturnType<typeof recordOf>;
}

export function createCollector(store: WorkflowStore, onFinding: (finding: string) => void): Collector {
  const open = new Map<string, Ending>();
  const fresh = new Map<string, Ended>();
  const [started, seen] = [new Set<string>(), new Set<string>()];
  const audit = createAudit(store, onFinding);
  let looking: Promise<void> | null = null;
  let ended = 0;

  async function lookAt(id: string, expected: Ending): Promise<void> {
    const workflow = await load(store, id);
    if (workflow === 'open') return void seen.add(id);
    if (workflow === null) {
      // A start that was accepted as a job need not be there yet.
      if (!seen.has(id)) return;
      onFinding(`${id} was gone before anybody could look at its end`);
    } else {
      const ending = endingOf(workflow);
      if (!isDeepStrictEqual(ending, expected))
        onFinding(`${id} came to ${JSON.stringify(workflow.state)}, and without faults to ${JSON.stringify(expected)}\n${await storyOf(store, id)}`);
      await audit.inspect(workflow);
      ended += 1;
      fresh.set(id, { at: performance.now(), record: recordOf(workflow) });
    }
    open.delete(id);
  }

  /** What has ended stays as it is. */
  async function lookAgain(id: string, { at, record }: Ended): Promise<void> {
    if (performance.now() < at + secondLookMs) return;
    fresh.delete(id);
    const workflow = await store.load(id);
    if (workflow === null) return onFinding(`${id} was gone before its retention was over`);
    const changed = differences(record, recordOf(workflow));
    if (changed.length > 0) onFinding(`${id} changed after its end (${changed.join()}):\n${await storyOf(store, id)}`);
  }

  async function lookAtAll(): Promise<void> {
    await Promise.all([...[...open].map(([id, expected]) => lookAt(id, expected)), ...[...fresh].map(([id, end]) => lookAgain(id, end))]);
  }

  return {
    add(id, expected) {
      open.set(id, expected);
      started.add(id);
    },
    isOver: (id) => started.has(id) && !open.has(id),
    get open() {
      return new Set(open.keys());
    },
    look() {
      looking ??= lookAtAll().finally(() => (looking = null));
      return looking;
    },
    collected: () => ({ ended, ...audit.tallied() }),
  };
}

/** All of it only when it has ended. */
async function load(store: WorkflowStore, id: string): Promise<Workflow | 'open' | null> {
  const summary = await store.summary(id);
  if (summary === null) return null;
  return hasEnded(summary.state) ? await store.load(id) : 'open';
}

/** Without the revision: an orchestrator that read a deadline before the end and wakes up after it clears that once more, which changes nothing else. */
function recordOf({ state, subtasks, context, eventHash }: Workflow) {
  return { state, subtasks, context, eventHash };
}

function differences<Value extends object>(one: Value, other: Value): readonly string[] {
  return (Object.keys(one) as (string & keyof Value)[]).filter((part) => !isDeepStrictEqual(one[part], other[part]));
}

function endingOf({ state }: Workflow): Ending {
  return {
    status: state.status,
    result: state.status === 'completed' ? state.result : undefined,
    errorCode: 'error' in state ? state.error.code : undefined,
  };
}
