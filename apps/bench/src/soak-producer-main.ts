/** The process of a soak's producer: so many workflows, some at a time, every result checked; it answers how many. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { z } from 'zod';
import { createBatonProducer } from './baton-producer.ts';
import { keepInFlight } from './closed-loop.ts';
import { runChecked } from './producer.ts';
import { type SoakAnswer, SoakOrder, soakWorkload } from './soak-order.ts';

const silentMsMax = 60_000;

async function soak({ workflows, inFlight, retentionMs, ...where }: SoakOrder): Promise<z.output<typeof SoakAnswer>> {
  const workload = soakWorkload(retentionMs);
  const producer = await createBatonProducer({ system: 'baton', start: 'queue', workload, ...where });
  let [begun, checked] = [0, 0];
  await keepInFlight({
    inFlight: Math.min(inFlight, workflows),
    run: async (n) => {
      begun = n;
      await runChecked(producer, workload, `soak-${n}`);
      checked += 1;
    },
    isOver: () => begun >= workflows,
    silentMsMax,
  });
  await producer.close();
  return { checked };
}

const [line] = (await once(createInterface({ input: process.stdin }), 'line')) as [string];
process.stdout.write(`${JSON.stringify(await soak(SoakOrder.parse(JSON.parse(line))))}\n`);
// The pipe from the parent and libraries' timers would keep it.
process.exit(0);
