/** The soak itself: all processes of Baton, a producer, and a look at everything from time to time until nothing is left. */
import { setTimeout as delay } from 'node:timers/promises';
import { connectRedis } from '@baton/queue';
import { typeOf } from './batch.ts';
import { metricsUrl } from './counters.ts';
import { giveOrder, type MeasuredProcess, ownMain } from './process.ts';
import type { SoakOptions } from './soak-options.ts';
import { SoakAnswer, type SoakOrder, soakWorkload } from './soak-order.ts';
import { leftIn, measuredOf, type Sample, type Sampled, sample } from './soak-sample.ts';
import type { Soaked } from './soak-verdict.ts';
import { startSystem } from './system.ts';

/** After its retention a workflow goes with the next tick of its partition's owner. */
const goneMs = 10_000;
const sayEveryMs = 15_000;

export interface SoakRun extends Soaked {
  readonly workflows: number;
  /** Results. */
  readonly checked: number;
}

export async function runSoak(options: SoakOptions, signal: AbortSignal, say: (line: string) => void): Promise<SoakRun> {
  const { workflows, retention: retentionMs, 'in-flight': inFlight, every } = options;
  await using running = new AsyncDisposableStack();
  const settings = Object.fromEntries(options.set.map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]));
  const system = await startSystem('baton', { settings });
  running.defer(() => system.stop());
  const redis = await connectRedis(system.redisUrl, { name: 'bench-soak' });
  running.defer(() => redis.disconnect());
  const orchestrator = system.processes.find(({ role }) => role === 'orchestrator') as MeasuredProcess;
  const sampled: Sampled = {
    redis,
    prefix: system.prefix,
    type: typeOf(soakWorkload(retentionMs)),
    processes: measuredOf(system.processes),
    metricsUrl: metricsUrl(orchestrator),
    begunAt: performance.now(),
  };

  const before = await sample(sampled);
  const { redisUrl, prefix, apiUrl } = system;
  const order: SoakOrder = { redisUrl, prefix, apiUrl, logs: [orchestrator.log], workflows, inFlight, retentionMs };
  const producer = giveOrder(ownMain('soak-producer-main'), JSON.stringify(order), signal);
  const over = new AbortController();
  const withProducer = { ...sampled, processes: [...sampled.processes, { role: 'producer', pid: producer.pid }], begunAt: performance.now() };
  const [output, samples] = await Promise.all([
    producer.output.finally(() => over.abort()),
    sampleAll(withProducer, { everyMs: every, signal: over.signal, say }),
  ]);

  // What is kept goes now, and nothing comes.
  const drained = AbortSignal.any([signal, AbortSignal.timeout(retentionMs + goneMs)]);
  const isGone = ({ kept }: Sample): boolean => kept === 0;
  const draining = await sampleAll({ ...sampled, begunAt: withProducer.begunAt }, { everyMs: every, signal: drained, isLast: isGone, say });
  signal.throwIfAborted();
  const { checked } = SoakAnswer.parse(JSON.parse(output));
  return { workflows, checked, retentionMs, inFlight, before, samples, draining, left: await leftIn(redis, prefix) };
}

interface Sampling {
  readonly everyMs: number;
  readonly signal: AbortSignal;
  readonly isLast?: (sample: Sample) => boolean;
  readonly say: (line: string) => void;
}

async function sampleAll(sampled: Sampled, { everyMs, signal, isLast = () => false, say }: Sampling): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  let saidAt = performance.now();
  while (!signal.aborted) {
    const found = await sample(sampled).catch(noProcess);
    // The producer has ended, and that has not been told yet.
    if (found === null || !Object.values(found.rssBytes).every(Number.isFinite)) break;
    samples.push(found);
    if (isLast(found)) break;
    if (performance.now() >= saidAt + sayEveryMs) {
      saidAt = performance.now();
      say(progressOf(found));
    }
    await delay(everyMs, undefined, { signal }).catch(() => {});
  }
  return samples;
}

/** There is no such process in /proc any more. */
function noProcess(error: NodeJS.ErrnoException): null {
  if (error.code !== 'ENOENT') throw error;
  return null;
}

function progressOf({ atS, ended, kept, redisBytes, rssBytes }: Sample): string {
  const MB = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
  const roles = Object.entries(rssBytes).map(([role, bytes]) => `${role} ${MB(bytes)}`);
  return `${atS.toFixed(0)} s: ${ended} workflows ended, ${kept} kept, Redis holds ${MB(redisBytes)}; RSS: ${roles.join(', ')}`;
}
