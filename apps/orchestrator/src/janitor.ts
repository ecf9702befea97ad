/** The janitor's rounds: one of all orchestrators makes each, and says what it did. */
import { setTimeout as delay } from 'node:timers/promises';
import { createJanitor, type Redis } from '@baton/queue';
import type { Logger } from '@baton/telemetry';

export interface JanitorRounds {
  close(): Promise<void>;
}

export function startJanitor(redis: Redis, prefix: string, everyMs: number, log: Logger): JanitorRounds {
  const stopping = new AbortController();
  const onError = (err: unknown): void => log.warn({ event: 'janitor_failed', err });
  const janitor = createJanitor({ redis, prefix, everyMs, now: Date.now, onError });

  async function round(): Promise<void> {
    for (const { capability, putBack, givenUp, isForgotten } of (await janitor.round()) ?? []) {
      if (putBack > 0) log.warn({ event: 'jobs_put_back', capability, jobs: putBack });
      if (givenUp > 0) log.warn({ event: 'jobs_given_up', capability, jobs: givenUp });
      if (isForgotten) log.info({ event: 'capability_forgotten', capability });
    }
  }

  async function rounds(): Promise<void> {
    while (!stopping.signal.aborted) {
      await round().catch(onError);
      await delay(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  const running = rounds();
  return {
    async close() {
      stopping.abort();
      await running;
    },
  };
}
