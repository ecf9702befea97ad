/**
 * The agents of a simulation: they heed flags and times to live as the kit does, and beside that answer twice, too late, with garbage or never,
 * die in the middle, and let replies get lost. In calm they do as they are asked, which is what a workflow needs to end.
 */
import type { Outcome } from '@baton/core';
import { type ReplyMessage, replyMessage } from '@baton/protocol';
import type { Ledger } from './ledger.ts';
import type { MemoryQueue, MemoryTaken } from './memory-queue.ts';
import type { MemoryStore } from './memory-store.ts';
import type { TakenAssignment } from './queue-world.ts';
import type { Random } from './random.ts';
import { randomAnswer } from './random-answer.ts';

export interface SimulatedAgents {
  /** One of them takes an assignment, if there is one. @returns whether anything happened */
  take(): Promise<boolean>;
  /** One of them gets on with what it has. */
  work(): Promise<boolean>;
  /** From now on they do as they are asked. */
  calmDown(): void;
}

interface Job {
  readonly taken: MemoryTaken;
  readonly agent: string;
  readonly startedAt: number;
}

export interface AgentsWorld {
  readonly random: Random;
  readonly queue: MemoryQueue;
  readonly store: MemoryStore;
  readonly ledger: Ledger;
  readonly now: () => number;
}

const stallsMax = 3;

export function createSimulatedAgents({ random, queue, store, ledger, now }: AgentsWorld): SimulatedAgents {
  const jobs: Job[] = [];
  const stalls = new Map<string, number>();
  /** Whose agent is dead, and since when: its lock is there for some time yet. */
  const left: { readonly id: string; readonly at: number }[] = [];
  const answered: { readonly taken: TakenAssignment; readonly message: ReplyMessage }[] = [];
  const replied = new Set<string>();
  let isCalm = false;

  const message = ({ taken, agent, startedAt }: Job, outcome: Outcome): ReplyMessage =>
    replyMessage(taken.assignment, { outcome, execution: { agent, attempt: taken.attempt, startedAt, finishedAt: now() } });

  /** The reply is in its stream before the job is done, and in between anything may happen. */
  async function reply(job: Job, outcome: Outcome): Promise<void> {
    const { taken } = job;
    const said = message(job, outcome);
    ledger.answer(taken.assignment, { agent: job.agent, attempt: taken.attempt, startedAt: job.startedAt, finishedAt: now() });
    answered.push({ taken, message: said });
    replied.add(taken.assignment.message_id);
    if (isCalm || !random.chance(0.06)) await taken.reply(said);
    if (!isCalm && random.chance(0.06)) await taken.reply(said);
    if (!isCalm && random.chance(0.05)) return die(job);
    await taken.finish(said);
  }

  function die({ taken }: Job): void {
    const id = taken.assignment.message_id;
    stalls.set(id, (stalls.get(id) ?? 0) + 1);
    left.push({ id, at: now() });
  }

  function findLeft(): void {
    while (left[0] !== undefined && left[0].at < now()) queue.abandon((left.shift() as { id: string }).id);
  }

  async function throwUp(job: Job): Promise<void> {
    if (job.taken.attempt < queue.retryOf(job.taken.assignment.message_id).attempts)
      return await job.taken.retryLater('SimulatedError: it broke', random.pick([0, 100, 5_000]));
    await reply(job, { status: 'failed', error: { code: 'HANDLER_FAILED', message: 'It broke.' } });
  }

  /** Flags of the whole workflow and of the dispatch. */
  function flagsOf({ metadata: { workflow_id, subtask_id, generation } }: TakenAssignment['assignment']): readonly string[] {
    const flags = store.control(workflow_id);
    return [flags.get('*'), flags.get(`${subtask_id}~${generation}`)].filter((flag) => flag !== undefined);
  }

  const deeds: { readonly [deed: string]: (job: Job) => Promise<void> | void } = {
    complete: async (job) => await reply(job, { status: 'completed', ...randomAnswer(random, job.taken.assignment, isCalm) }),
    throw: throwUp,
    refuse: async (job) => await reply(job, { status: 'failed', error: { code: 'NON_RETRYABLE', message: 'Never.' } }),
    overload: async (job) => await reply(job, { status: 'overloaded', retryAfterMs: random.pick([0, 1_000, 20_000]) }),
    hold: async (job) => await reply(job, { status: 'held' }),
    die,
    garbage: async ({ taken }) => {
      queue.append(taken.assignment.payload.operation, taken.assignment.metadata.partition, random.pick(['{', 'null', '{"type":"response"}']));
      await taken.finish({} as ReplyMessage);
    },
    vanish: ({ taken }) => queue.forget(taken.assignment.message_id),
  };
  const wild = { complete: 60, throw: 12, refuse: 2, overload: 5, hold: 2, die: 8, garbage: 2, vanish: 2 };

  return {
    async take() {
      findLeft();
      const agent = random.pick(['agent-1', 'agent-2', 'agent-3']);
      const taken = queue.take(undefined, agent);
      if (taken === null) return false;
      const job: Job = { taken, agent, startedAt: now() };
      const { metadata, message_id } = taken.assignment;
      if ((stalls.get(message_id) ?? 0) > stallsMax) {
        await taken.fail('job stalled more than allowable limit');
        ledger.answer(taken.assignment, { agent, attempt: taken.attempt, startedAt: job.startedAt, finishedAt: now() });
        if (random.chance(0.5)) await taken.reply(message(job, { status: 'failed', error: { code: 'AGENT_LOST', message: 'It was left alone too often.' } }));
      } else if (flagsOf(taken.assignment).length > 0) await reply(job, { status: 'held' });
      else if (taken.isBlocked) await reply(job, { status: 'blocked' });
      else if (taken.attempt === 1 && !stalls.has(message_id) && now() > taken.agesFrom + metadata.ttl_ms) {
        await reply(job, { status: 'failed', error: { code: 'ASSIGNMENT_EXPIRED', message: 'Too late.' } });
      } else {
        // Whose agent died between the reply and the end of the job runs once more, whatever has become of the subtask meanwhile.
        ledger.begin(taken.assignment, replied.has(message_id));
        jobs.push(job);
      }
      return true;
    },
    async work() {
      if (!isCalm && answered.length > 0 && random.chance(0.05)) {
        const { taken, message: said } = random.pick(answered);
        await taken.reply(said);
        return true;
      }
      const job = jobs.splice(random.below(jobs.length), 1)[0];
      if (job === undefined) return false;
      const isCancelled = flagsOf(job.taken.assignment).some((flag) => flag.startsWith('cancelled:') && Number(flag.slice('cancelled:'.length)) <= now());
      if (isCancelled && random.chance(0.7)) await reply(job, { status: 'failed', error: { code: 'CANCELLED', message: 'It was cancelled.' } });
      else await deeds[isCalm ? random.weighted({ complete: 9, throw: 1 }) : random.weighted(wild)]?.(job);
      return true;
    },
    calmDown: () => void (isCalm = true),
  };
}
