/** One orchestrator of a simulation: an engine with its own memory, a reader, and the loop around them, one turn at a time. */
import { childIdOf, dispatchId, isMarked, type OutboxEntry, type SameTree, type SubtaskQueue } from '@baton/core';
import { createEngine, type Engine } from '@baton/engine';
import { BrokenInvariant, type Ledger } from './ledger.ts';
import type { MemoryQueue } from './memory-queue.ts';
import type { MemoryStore } from './memory-store.ts';
import { SimulatedOutage, type SimulatedProcess } from './simulated-process.ts';

export interface OrchestratorWorld {
  readonly queue: MemoryQueue;
  readonly store: MemoryStore;
  readonly ledger: Ledger;
  readonly now: () => number;
  /** Who can share a tree; undefined: nobody. */
  readonly sameTree: SameTree | undefined;
  /** A defect showed: what was thrown is none of the simulated outages. */
  readonly onDefect: (error: unknown) => void;
}

export interface SimulatedOrchestrator {
  readonly process: SimulatedProcess;
  readonly engine: Engine;
  readonly isBusy: boolean;
  readonly owned: readonly number[];
  own(partitions: readonly number[]): void;
  /** Reads, settles, removes; then passes what time brings. Ends on its own, or never if the process dies. */
  turn(): Promise<void>;
}

export function createSimulatedOrchestrator(
  process: SimulatedProcess,
  { queue, store, ledger, now, sameTree, onDefect }: OrchestratorWorld,
): SimulatedOrchestrator {
  const reached: SubtaskQueue = {
    dispatch: queue.dispatch,
    facts: queue.facts,
    notify: queue.notify,
    limitConcurrency: queue.limitConcurrency,
    capabilities: queue.capabilities,
  };
  const warn = (_: string, error: unknown): void => {
    if (!(error instanceof SimulatedOutage)) onDefect(error);
  };
  const engine = createEngine({
    store: asSent(process.through(watched({ store, queue, ledger }))),
    queue: process.through(reached),
    now,
    sameTree,
    observe: () => {},
    warn,
  });
  const reader = process.through(queue.reader());
  let isBusy = false;
  let owned: readonly number[] = [];

  async function turn(): Promise<void> {
    const replies = await reader.read(0);
    const readable = replies.filter(({ report }) => report !== null);
    await engine.settle(readable.flatMap(({ report }) => report ?? []));
    await reader.remove(readable);
    await reader.reject(replies.filter(({ report }) => report === null));
    await engine.tick(owned);
  }

  return {
    process,
    engine,
    get isBusy() {
      return isBusy;
    },
    get owned() {
      return owned;
    },
    own(partitions) {
      owned = partitions;
      reader.own(partitions);
    },
    async turn() {
      isBusy = true;
      try {
        await turn();
      } catch (error) {
        warn('settle_failed', error);
        reader.rewind();
      } finally {
        isBusy = false;
      }
    },
  };
}

/** The store with the ledger beside it: what was committed is held to the rules at once. */
function watched({ store, queue, ledger }: Pick<OrchestratorWorld, 'store' | 'queue' | 'ledger'>): MemoryStore {
  return {
    ...store,
    async commit(commits) {
      const outcomes = await store.commit(commits);
      commits.forEach((commit, index) => {
        if (outcomes[index]?.status === 'committed') ledger.commit(commit);
      });
      return outcomes;
    },
    async clearOutbox(partition, entries) {
      for (const entry of entries)
        if (!isDone(entry)) throw new BrokenInvariant(`${entry.workflowId}: ${entry.subtaskId}~${entry.generation} left the outbox, and nothing was done`);
      await store.clearOutbox(partition, entries);
    },
  };

  function isDone({ workflowId, subtaskId, generation }: OutboxEntry): boolean {
    const id = dispatchId(workflowId, subtaskId, generation);
    const page = ledger.pages.get(workflowId);
    const subtask = page?.workflow.subtasks.get(subtaskId);
    // What a pause kept from starting is looked after once it is resumed.
    if (page?.events.some(({ type }) => type === 'workflow_paused') === true) return true;
    const isOver = subtask?.generation !== generation || (subtask.status !== 'assigned' && subtask.status !== 'waiting' && !isMarked(subtask));
    return isOver || queue.dispatched.has(id) || queue.notified.has(id) || ledger.pages.has(childIdOf(workflowId, subtaskId, generation));
  }
}

/** What is sent is what was known then, however long it is under way: the engine may go on with the same workflow meanwhile. */
function asSent(store: MemoryStore): MemoryStore {
  return {
    ...store,
    commit: (commits) =>
      store.commit(
        commits.map(({ workflow, ...rest }) => ({
          ...rest,
          workflow: { ...workflow, subtasks: new Map(workflow.subtasks), tallies: new Map(workflow.tallies) },
        })),
      ),
  };
}
