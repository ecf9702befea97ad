/** A steady stream of workflows, and everybody who has to do with them. Held back while too many are open: what a slow machine cannot do is no fault. */
import { setTimeout as delay } from 'node:timers/promises';
import { createRandom } from '@baton/testkit';
import type { Collector } from './collector.ts';
import type { Model } from './model.ts';
import type { Producer } from './producer.ts';
import { drawWorkload } from './templates.ts';

export interface LoadOptions {
  readonly seed: number;
  /** Workflows a second. */
  readonly rate: number;
  readonly producer: Producer;
  readonly collector: Collector;
  readonly model: Model;
  readonly signal: AbortSignal;
}

export interface Load {
  readonly started: () => number;
  readonly accepted: () => number;
  /** When all that was begun is accepted, and nobody has anything to say any more. */
  readonly ended: Promise<void>;
}

const openMax = 120;

export function startLoad({ seed, rate, producer, collector, model, signal }: LoadOptions): Load {
  const random = createRandom(seed);
  const going = new Set<Promise<void>>();
  let [started, accepted] = [0, 0];

  async function one(id: string): Promise<void> {
    const workload = drawWorkload(random);
    const expected = await model.expected(workload);
    collector.add(id, expected);
    await producer.start(id, workload);
    accepted += 1;
    await producer.attend(id, workload);
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await delay((1_000 / rate) * (0.5 + random.next()), undefined, { signal }).catch(() => {});
      if (signal.aborted) break;
      if (collector.open.size >= openMax) continue;
      const work = one(`w${started}`);
      started += 1;
      going.add(work);
      void work.finally(() => going.delete(work));
    }
    await Promise.all(going);
  }

  return { started: () => started, accepted: () => accepted, ended: run() };
}
