/**
 * One run: the deployment, the load, the faults; then everything has to come to its end, and is looked at. What does not hold is a finding in the report.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@baton/client';
import { createStartQueue } from '@baton/queue';
import { createStore } from '@baton/store';
import { createRandom } from '@baton/testkit';
import { storyOf } from './audit.ts';
import { type Collector, createCollector } from './collector.ts';
import { createFindings, type Findings } from './findings.ts';
import { type Load, startLoad } from './load.ts';
import { createModel } from './model.ts';
import { createProducer, type Producer } from './producer.ts';
import type { Report } from './report.ts';
import { residue } from './residue.ts';
import { type Stand, startStand, treeSettings } from './stand.ts';
import { makeTrouble, type Trouble } from './trouble.ts';
import { conclude } from './verdict.ts';

export interface RunOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly rate: number;
  /** No faults. */
  readonly calm: boolean;
  /** For the logs and the journal. */
  readonly dir: string;
  readonly say: (line: string) => void;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

const lookMs = 500;
const sayMs = 5_000;
/** What was lost from a stream is asked about a minute after its dispatch. */
const drainMsMax = 90_000;
/** Retention, and whoever is due to see to it. */
const emptyMsMax = 60_000;
/** Replies are not swallowed later than so much before the load ends, or the drain would only wait for them. */
const swallowShare = 0.4;

/** @returns null if it was ended early */
export async function runFaults(options: RunOptions): Promise<Report | null> {
  const { seed, minutes, calm, dir, say, signal } = options;
  const findings = createFindings();
  const trees = createRandom(seed).pick(treeSettings);
  const stand = await startStand({ dir, trees, onFinding: findings.add });
  try {
    const loadMs = minutes * 60_000;
    const over = AbortSignal.any([signal, AbortSignal.timeout(loadMs)]);
    const work = startWork(stand, options, findings, over);
    await work.registered;
    say(`seed ${seed}, ${minutes} minutes, trees ${trees}, logs in ${dir}`);
    const trouble = calm
      ? null
      : makeTrouble({ stand, random: createRandom(seed + 1), onFinding: findings.add, signal: over, swallowMs: swallowShare * loadMs });
    const watching = watch(work, trouble, say);
    try {
      await Promise.all([aborted(over), trouble?.ended]);
      say('no more load, no more faults: everything has to come to its end');
      await drain(stand, work, findings, signal);
      const drainedAt = performance.now();
      await tellLeft(stand, findings, signal);
      say(`nothing is left to wait for after ${Math.round((performance.now() - drainedAt) / 1_000)} s; stopping all`);
    } finally {
      await watching.stop();
    }
    if (signal.aborted) return null;
    const { load, collector } = work;
    const facts = { seed, minutes, trees, logs: dir, faults: Object.fromEntries(trouble?.counts ?? []), started: load.started(), accepted: load.accepted() };
    return await conclude({ stand, collector, findings, facts });
  } finally {
    await stand.dispose();
  }
}

async function drain(stand: Stand, work: Work, findings: Findings, signal: AbortSignal): Promise<void> {
  const { collector, load, producer } = work;
  const isDrained = await within(drainMsMax, signal, async () => {
    // A pause that nobody waits for the answer of any more may have come after the resume that was to end it; an operator would do as we do here.
    await producer.resume([...collector.open]);
    await collector.look();
    return collector.open.size === 0;
  });
  if (!isDrained) await tellOpen(stand, collector, findings);
  work.stop();
  await load.ended;
}

interface Work {
  readonly load: Load;
  readonly collector: Collector;
  readonly producer: Producer;
  readonly registered: Promise<void>;
  /** Nobody waits for anything any more. */
  stop(): void;
}

function startWork({ redis, prefix, apiUrl }: Stand, { seed, rate, signal }: RunOptions, findings: Findings, over: AbortSignal): Work {
  const stopping = new AbortController();
  const store = createStore({ redis, prefix });
  const collector = createCollector(store, findings.add);
  const producer = createProducer({
    client: createClient({ baseUrl: apiUrl, timeoutMs: 5_000 }),
    starts: createStartQueue(redis, prefix),
    random: createRandom(seed + 2),
    onFinding: findings.add,
    isOver: collector.isOver,
    signal: AbortSignal.any([signal, stopping.signal]),
  });
  const registered = producer.registerTypes();
  const load = startLoad({ seed, rate, producer, collector, model: createModel(), signal: over });
  return { load, collector, producer, registered, stop: () => stopping.abort() };
}

/** Looks at what has ended, and tells how far it is. */
function watch({ load, collector }: Work, trouble: Trouble | null, say: (line: string) => void): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController();

  async function turns(): Promise<void> {
    let saidAt = performance.now();
    while (!stopping.signal.aborted) {
      await collector.look();
      await delay(lookMs);
      if (performance.now() < saidAt + sayMs) continue;
      saidAt = performance.now();
      const faults = trouble === null ? 0 : [...trouble.counts.values()].reduce((sum, count) => sum + count, 0);
      say(`${load.accepted()} accepted, ${collector.collected().ended} ended, ${collector.open.size} open; ${faults} faults`);
    }
  }

  const watching = turns();
  return {
    async stop() {
      stopping.abort();
      await watching;
    },
  };
}

async function tellOpen({ redis, prefix }: Stand, collector: Collector, findings: Findings): Promise<void> {
  const store = createStore({ redis, prefix });
  for (const id of collector.open) {
    const summary = await store.summary(id);
    findings.add(`${id} has not ended, it is ${summary?.state.status ?? 'not there'}:\n${await storyOf(store, id)}`);
  }
}

async function tellLeft({ redis, prefix }: Stand, findings: Findings, signal: AbortSignal): Promise<void> {
  let left: readonly string[] = [];
  await within(emptyMsMax, signal, async () => {
    left = await residue({ redis, prefix });
    return left.length === 0;
  });
  for (const each of left) findings.add(`left over: ${each}`);
}

async function within(msMax: number, signal: AbortSignal, isDone: () => Promise<boolean>): Promise<boolean> {
  const until = performance.now() + msMax;
  while (performance.now() < until && !signal.aborted) {
    if (await isDone()) return true;
    await delay(lookMs);
  }
  return false;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
