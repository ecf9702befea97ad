/**
 * A producer that knows what it wants and does not let go: it says the same until it is heard, through HTTP or as a job, answers what waits for people,
 * and pauses and cancels. An API that is away, or says that it cannot, is asked again; any other refusal is a finding.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { BatonApiError, type BatonClient, BatonUnreachableError } from '@baton/client';
import type { Json } from '@baton/core';
import type { StartQueue } from '@baton/queue';
import type { Random } from '@baton/testkit';
import { childType, type Workload } from './templates.ts';

export interface Producer {
  /** Until it is there. */
  registerTypes(): Promise<void>;
  /** Until it is accepted. @returns how often it had to be said */
  start(id: string, workload: Workload): Promise<void>;
  /** What people and programs do to it once it is there, until all of that is done. */
  attend(id: string, workload: Workload): Promise<void>;
  /** Those that are paused, of these. */
  resume(ids: readonly string[]): Promise<void>;
}

export interface ProducerOptions {
  readonly client: BatonClient;
  readonly starts: StartQueue;
  readonly random: Random;
  readonly onFinding: (finding: string) => void;
  /** The workflow has ended: there is nothing to say to it any more. */
  readonly isOver: (id: string) => boolean;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
}

const againMs = 150;
/** What is said too early, or to somebody who is away. */
const retryCodes: readonly string[] = ['unknown_workflow', 'redis_unreachable', 'internal_error'];
const pausedShare = 0.12;
const queuedShare = 0.4;
const earlyShare = 0.3;

export function createProducer({ client, starts, random, onFinding, isOver, signal }: ProducerOptions): Producer {
  /** @returns null: it was refused, or nobody waits any more */
  async function insist<Answer>(what: string, id: string, say: () => Promise<Answer>): Promise<Answer | null> {
    while (!signal.aborted && !isOver(id)) {
      try {
        return await say();
      } catch (error) {
        if (!isPassing(error)) {
          onFinding(`${what} ${id} was refused: ${String(error)}`);
          return null;
        }
        await delay(againMs);
      }
    }
    return null;
  }

  async function waitFor<Found>(what: string, id: string, look: () => Promise<Found | null>): Promise<Found | null> {
    while (!signal.aborted && !isOver(id)) {
      const found = await insist(what, id, look);
      if (found !== null) return found;
      await delay(2 * againMs);
    }
    return null;
  }

  async function approve(id: string, { subtaskId, by, value }: NonNullable<Workload['approves']>, isEarly: boolean): Promise<void> {
    const open = await waitFor('The approvals of', id, async () => {
      const { approvals } = await client.approvals(id);
      return approvals.find((each) => each.subtask_id === subtaskId && (isEarly || each.requested_at !== null)) ?? null;
    });
    const token = open?.tokens?.[by];
    if (open === null) return;
    if (token === undefined) return onFinding(`${id} has no token for ${by}: ${JSON.stringify(open)}`);
    await insist('The approval of', id, async () => {
      const said = client.answer(id, subtaskId, { decision: 'approve', approver: by, token, value: value as never });
      // The same answer was heard before, and what came of it has happened.
      return await said.catch((error: unknown) => ignore(error, ['refused']));
    });
  }

  async function send(id: string, { name, payload }: NonNullable<Workload['sends']>, isEarly: boolean): Promise<void> {
    if (!isEarly)
      await waitFor('The look at', id, async () => ((await client.get(id)).subtasks.some((each) => each.waiting_for?.signal === name) ? true : null));
    await insist('The signal to', id, async () => {
      const said = client.signal(id, name, { payload: payload as never, id: `signal-${name}` });
      return await said.catch((error: unknown) => ignore(error, ['refused']));
    });
  }

  async function pauseForAWhile(id: string, ms: number): Promise<void> {
    const paused = await insist('The pause of', id, async () => await client.pause(id).catch((error: unknown) => ignore(error, ['refused'])));
    if (paused === null) return;
    await delay(ms);
    await resume(id);
  }

  async function resume(id: string): Promise<void> {
    await insist('The resume of', id, async () => await client.resume(id).catch((error: unknown) => ignore(error, ['refused'])));
  }

  return {
    async resume(ids) {
      await Promise.all(ids.map(resume));
    },

    async registerTypes() {
      await insist('The registration of', childType.name, () => client.registerType(childType as unknown as Json));
    },

    async start(id, { definition, params }) {
      const body = { workflow_id: id, definition: definition as never, params };
      if (random.chance(queuedShare)) await insist('The job that starts', id, () => starts.enqueue(body));
      else await insist('The start of', id, () => client.start(body));
    },

    async attend(id, { approves, sends, isCancelled = false }) {
      const [isEarly, isPaused, pauseMs] = [random.chance(earlyShare), random.chance(pausedShare), 200 + random.below(1_500)];
      await Promise.all([
        isPaused ? pauseForAWhile(id, pauseMs) : undefined,
        approves && approve(id, approves, isEarly),
        sends && send(id, sends, isEarly),
        isCancelled && insist('The cancel of', id, () => client.cancel(id, { grace_ms: 200 })),
      ]);
    },
  };
}

function isPassing(error: unknown): boolean {
  return error instanceof BatonUnreachableError || (error instanceof BatonApiError && (error.status >= 500 || retryCodes.includes(error.code)));
}

/** @throws what is of another code */
function ignore(error: unknown, codes: readonly string[]): null {
  if (error instanceof BatonApiError && codes.includes(error.code)) return null;
  throw error;
}
