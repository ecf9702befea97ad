/** A process of agents that serves all capabilities of the suite, keeps the journal, and misbehaves when it is told to. */

import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Environment, Milliseconds, parseEnvironment } from '@baton/protocol';
import { connectRedis, serversOf } from '@baton/queue';
import { type Logger, type RunningService, runService } from '@baton/telemetry';
import { defineAgent, type HandlerContext, runAgent } from '@baton/worker';
import { z } from 'zod';
import { shiftClock, trueNow } from './clock.ts';
import { createHandlers, MixInput, Numbered, PlanInput, Planned, Scored, ScoreInput } from './handlers.ts';
import { type JournalEntry, writeEntry } from './journal.ts';
import { meddleWithReplies } from './meddling.ts';
import { type Mode, Order } from './order.ts';

const AgentEnvironment = Environment.extend({
  FAULTS_JOURNAL: z.string().min(1),
  FAULTS_LOCK_MS: Milliseconds,
  FAULTS_STALLED_MS: Milliseconds,
});
type AgentEnvironment = z.output<typeof AgentEnvironment>;

/** A job may lose its agents as often as faults come: how often is enough is another test's business. */
const stallsMax = 1_000;
const concurrency = 4;
/** Of an effect: something may fall into it. */
const effectMsMax = 40;

/** By mode: until when, by a clock that nothing shifts. */
const until = new Map<Mode, number>();
const isOn = (mode: Mode): boolean => performance.now() < (until.get(mode) ?? 0);

function obey(line: string): void {
  const order = Order.parse(JSON.parse(line));
  if (order.order === 'clock') shiftClock(order.ms);
  else until.set(order.mode, performance.now() + order.ms);
}

function agentOf(journal: string) {
  const note = (what: JournalEntry['what'], id: string, key?: string): void =>
    writeEntry(journal, { what, id, pid: process.pid, at: trueNow(), ...(key !== undefined && { key }) });
  const handlers = createHandlers({
    async effect(id, key) {
      note('effect', id, key);
      await delay(Math.random() * effectMsMax);
    },
    asked: (id, key) => note('asked', id, key),
    kept: (id, key) => note('kept', id, key),
    work: async (ms, signal) => await delay(ms, undefined, { signal }),
    isUnruly: () => isOn('unruly'),
  });
  /** Of all of them: it is noted that one began, and in a silent time nothing more comes of it. */
  const begun =
    <Input, Output>(handler: (input: Input, context: HandlerContext) => Promise<Output>) =>
    async (input: Input, context: HandlerContext): Promise<Output> => {
      note('run', context.idempotencyKey);
      if (isOn('silent')) await new Promise<never>(() => {});
      return await handler(input, context);
    };
  const agent = defineAgent({
    name: 'faults-agent',
    capabilities: {
      'work.mix': { input: MixInput, output: Numbered, handler: begun(handlers['work.mix']) },
      'work.effect': { input: MixInput, output: Numbered, handler: begun(handlers['work.effect']) },
      'work.fussy': { input: MixInput, output: Numbered, handler: begun(handlers['work.fussy']) },
      'work.tricky': { input: MixInput, output: Numbered, handler: begun(handlers['work.tricky']) },
      'work.score': { input: ScoreInput, output: Scored, handler: begun(handlers['work.score']) },
      'work.plan': { input: PlanInput, output: Planned, handler: begun(handlers['work.plan']) },
    },
  });
  return { agent, note };
}

async function start(environment: AgentEnvironment, logger: Logger): Promise<RunningService> {
  const { BATON_REDIS_URL: url, BATON_PREFIX: prefix, FAULTS_JOURNAL: journal, FAULTS_LOCK_MS: lockMs, FAULTS_STALLED_MS: stalledMs } = environment;
  const redis = await connectRedis(url, { name: 'faults-agent', observe: (event) => logger.warn(event) });
  const { agent, note } = agentOf(journal);
  for (const server of serversOf(redis)) meddleWithReplies(server, { isOn, note });
  const running = await runAgent(agent, { redis, prefix, logger, concurrency, lockMs, stalledMs, stallsMax });
  return {
    async close() {
      await running.close();
      redis.disconnect();
    },
  };
}

createInterface({ input: process.stdin }).on('line', obey);
await runService({
  service: 'faults-agent',
  parse: (environment) => parseEnvironment(AgentEnvironment, environment),
  start,
});
