/** Says within seconds when subtasks wait for a capability that no agent serves, once each time that it becomes so; it changes nothing. */
import { setTimeout as delay } from 'node:timers/promises';
import { type AbandonedCapability, abandonedCapabilities, type Redis } from '@baton/queue';
import type { Logger } from '@baton/telemetry';

const lookEveryMs = 5_000;

export interface Lookout {
  close(): Promise<void>;
}

export function reportUnserved(redis: Redis, prefix: string, log: Logger): Lookout {
  const stopping = new AbortController();
  let reported: ReadonlySet<string> = new Set();

  async function look(): Promise<void> {
    const unserved = await abandonedCapabilities(redis, prefix);
    for (const { capability, jobs } of unserved.filter((each) => !reported.has(each.capability))) {
      log.warn({ event: 'capability_without_agent', capability, waiting: jobs });
    }
    const names = new Set(unserved.map((each: AbandonedCapability) => each.capability));
    for (const capability of reported) if (!names.has(capability)) log.info({ event: 'capability_served_again', capability });
    reported = names;
  }

  async function looks(): Promise<void> {
    while (!stopping.signal.aborted) {
      await look().catch((err: unknown) => log.warn({ event: 'agents_not_counted', err }));
      await delay(lookEveryMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  const running = looks();
  return {
    async close() {
      stopping.abort();
      await running;
    },
  };
}
