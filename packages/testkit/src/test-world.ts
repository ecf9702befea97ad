/** Everything a test workflow runs on: one engine over a store and a queue in memory, and a clock that goes straight to what comes next. */
import { hasEnded, isSettled, partitionCount, type RecordedEvent, type Subtask, type Workflow } from '@baton/core';
import { createEngine, type Engine } from '@baton/engine';
import type { Fault } from './fault.ts';
import { createManualClock } from './manual-clock.ts';
import { createMemoryQueue } from './memory-queue.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import { type Call, createTestAgents, type TestHandler } from './test-agents.ts';

export interface TestWorldOptions {
  readonly agents: Readonly<Record<string, TestHandler | null>>;
  readonly faults: Readonly<Record<string, Fault | readonly Fault[]>>;
  readonly startMs: number;
  readonly trees: boolean;
}

export interface TestWorld {
  readonly engine: Engine;
  readonly store: MemoryStore;
  readonly calls: readonly Call[];
  /** What was recorded of each workflow, in order. */
  readonly events: ReadonlyMap<string, readonly RecordedEvent[]>;
  now(): number;
  advance(ms: number): void;
  /** Does everything that can be done without time passing. */
  workOff(): Promise<void>;
  /** When something is due next; null: nothing ever will be. */
  nextAt(): Promise<number | null>;
  /** All that is left is to wait for people, for signals, or for somebody to resume it. */
  isIdle(): Promise<boolean>;
}

const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
/** More turns without time passing mean that something goes round in a circle. */
const turnsMax = 100_000;

export function createTestWorld({ agents: handlers, faults, startMs, trees }: TestWorldOptions): TestWorld {
  const clock = createManualClock(startMs);
  const now = (): number => clock.now();
  const queue = createMemoryQueue(now);
  const store = createMemoryStore({ append: queue.append });
  const events = new Map<string, RecordedEvent[]>();
  const warn = (event: string, error: unknown): never => {
    throw new Error(`The engine says ${event}.`, { cause: error });
  };
  const sameTree = trees ? () => true : undefined;
  const engine = createEngine({ store, queue, now, sameTree, observe: ({ id }, event) => void events.set(id, [...(events.get(id) ?? []), event]), warn });
  const agents = createTestAgents({ queue, store, now, agents: handlers, faults });
  const reader = queue.reader();
  reader.own(partitions);

  async function settle(): Promise<boolean> {
    const replies = await reader.read(0);
    const unreadable = replies.filter(({ report }) => report === null);
    await engine.settle(replies.flatMap(({ report }) => report ?? []));
    await reader.remove(replies);
    if (unreadable.length > 0) throw new Error(`A reply cannot be read: ${JSON.stringify(unreadable[0]?.problems)}`);
    return replies.length > 0;
  }

  async function live(): Promise<readonly Workflow[]> {
    const all = await Promise.all([...events.keys()].map((id) => store.load(id)));
    return all.filter((workflow) => workflow !== null && !hasEnded(workflow.state)) as readonly Workflow[];
  }

  return {
    engine,
    store,
    calls: agents.calls,
    events,
    now,
    advance: clock.advance,
    async workOff() {
      for (let turn = 0; turn < turnsMax; turn += 1) {
        const isSettling = await settle();
        const isWorking = await agents.work();
        if (isSettling || isWorking) continue;
        const before = [...events.values()].flat().length;
        await engine.tick(partitions);
        if ([...events.values()].flat().length === before && queue.waitingFor().every((name) => handlers[name] === null)) return;
      }
      throw new Error(`There was no end after ${turnsMax} turns: something begins again and again.`);
    },
    async nextAt() {
      const ids = new Set((await live()).map(({ header }) => header.id));
      const all = await Promise.all(partitions.map((partition) => store.dueDeadlines(partition, Number.POSITIVE_INFINITY, 1_000)));
      const times = [
        ...all
          .flat()
          .filter(({ workflowId }) => ids.has(workflowId))
          .map(({ at }) => at),
        queue.nextDelayedAt() ?? [],
        agents.nextAt() ?? [],
      ].flat();
      return times.length === 0 ? null : Math.max(Math.min(...times), now());
    },
    async isIdle() {
      if (agents.nextAt() !== null || queue.nextDelayedAt() !== null) return false;
      const all = await live();
      return all.every(
        (workflow) =>
          workflow.state.status === 'paused' || [...workflow.subtasks.values()].every((subtask) => isSettled(subtask) || isForOthers(workflow, subtask)),
      );
    },
  };
}

/** A person or another system has to do something, or it follows from others in the same state: a composite from its parts, a step from its child. */
function isForOthers({ subtasks, type }: Workflow, subtask: Subtask): boolean {
  if (subtask.status === 'waiting') return subtask.for.kind !== 'sleep';
  if (subtask.status === 'pending' || subtask.status === 'running') return true;
  const [id] = [...subtasks].find(([, each]) => each === subtask) as [string, Subtask];
  return subtask.status === 'assigned' && type.graph.nodes.get(id)?.kind === 'workflow';
}
