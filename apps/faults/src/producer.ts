/** A producer that does not let go of what it starts, through HTTP or as a job, and the people around it: they answer approvals, send signals, pause and cancel. */
import { setTimeout as delay } from 'node:timers/promises';
import type { BatonClient } from '@baton/client';
import type { StartQueue } from '@baton/queue';
import type { Random } from '@baton/testkit';
import { createInsistence, type Insistence, type InsistenceOptions, unlessRefused } from './insistence.ts';
import { childType, type Workload } from './templates.ts';

export interface Producer {
  /** Until they are there. */
  registerTypes(): Promise<void>;
  /** Until it is accepted. */
  start(id: string, workload: Workload): Promise<void>;
  /** What people and programs do to it once it is there, until all of that is done. */
  attend(id: string, workload: Workload): Promise<void>;
  /** Those that are paused, of these. */
  resume(ids: readonly string[]): Promise<void>;
}

export interface ProducerOptions extends InsistenceOptions {
  readonly client: BatonClient;
  readonly starts: StartQueue;
  readonly random: Random;
}

const pausedShare = 0.12;
const queuedShare = 0.4;
const earlyShare = 0.3;

export function createProducer({ client, starts, random, ...options }: ProducerOptions): Producer {
  const insistence = createInsistence(options);
  const { insist } = insistence;
  const people = createPeople(client, insistence, options.onFinding);
  return {
    async registerTypes() {
      await insist('The registration of', childType.name, () => client.registerType(childType));
    },

    async start(id, { definition, params }) {
      const body = { workflow_id: id, definition: definition as never, params };
      if (random.chance(queuedShare)) await insist('The job that starts', id, () => starts.enqueue(body));
      else await insist('The start of', id, () => client.start(body));
    },

    async attend(id, { approves, sends, isCancelled = false }) {
      const [isEarly, isPaused, pauseMs] = [random.chance(earlyShare), random.chance(pausedShare), 200 + random.below(1_500)];
      await Promise.all([
        isPaused && people.pause(id, pauseMs),
        approves && people.approve(id, approves, isEarly),
        sends && people.send(id, sends, isEarly),
        isCancelled && insist('The cancel of', id, () => client.cancel(id, { grace_ms: 200 })),
      ]);
    },

    async resume(ids) {
      await Promise.all(ids.map(people.resume));
    },
  };
}

/** @returns what they do; early: before the workflow has come to where it waits for it */
function createPeople(client: BatonClient, { insist, waitFor }: Insistence, onFinding: (finding: string) => void) {
  const resume = async (id: string): Promise<void> => {
    await insist('The resume of', id, () => unlessRefused(client.resume(id)));
  };
  return {
    resume,

    async pause(id: string, ms: number): Promise<void> {
      const paused = await insist('The pause of', id, () => unlessRefused(client.pause(id)));
      if (paused === null) return;
      await delay(ms);
      await resume(id);
    },

    async approve(id: string, { subtaskId, by, value }: NonNullable<Workload['approves']>, isEarly: boolean): Promise<void> {
      const open = await waitFor('The approvals of', id, async () => {
        const { approvals } = await client.approvals(id);
        return approvals.find((each) => each.subtask_id === subtaskId && (isEarly || each.requested_at !== null)) ?? null;
      });
      if (open === null) return;
      const token = open.tokens?.[by];
      if (token === undefined) return onFinding(`${id} has no token for ${by}: ${JSON.stringify(open)}`);
      const body = { decision: 'approve', approver: by, token, value: value as never } as const;
      await insist('The approval of', id, () => unlessRefused(client.answer(id, subtaskId, body)));
    },

    async send(id: string, { name, payload }: NonNullable<Workload['sends']>, isEarly: boolean): Promise<void> {
      const isAwaited = async () => ((await client.get(id)).subtasks.some((each) => each.waiting_for?.signal === name) ? true : null);
      if (!isEarly) await waitFor('The look at', id, isAwaited);
      const body = { payload: payload as never, id: `signal-${name}` };
      await insist('The signal to', id, () => unlessRefused(client.signal(id, name, body)));
    },
  };
}
