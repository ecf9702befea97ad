/**
 * A process of the simulation, as its ports see it: each call waits for its turn, may fail before or after it took effect, and may be the last,
 * for a process dies between any two effects. **Invariant:** the same seed gives the same turns, since nothing here waits for real time.
 */
import type { Random } from './random.ts';

/** What every adapter throws when its world cannot be reached. */
export class SimulatedOutage extends Error {
  readonly code = 'SIMULATED_OUTAGE';
}

export interface SimulatedProcess {
  readonly name: string;
  readonly isAlive: boolean;
  /** From now on nothing that it began goes on. */
  kill(): void;
  /** The port, as this process reaches it. */
  through<Port extends object>(port: Port): Port;
}

export interface Turnstile {
  /** @param callsMax after so many calls of ports it is dead */
  admit(name: string, callsMax: number): SimulatedProcess;
  /** Lets one waiting call go on. @returns false if none waits */
  release(): boolean;
  /** Lets everything that waits go on, and holds nothing back any more. */
  open(): void;
}

/** How often a call fails. Reads fail seldom: nothing hangs on them. */
const failures: Readonly<Record<string, number>> = { commit: 0.03, dispatch: 0.06, clearOutbox: 0.15, notify: 0.2, remove: 0.03 };
const otherFailures = 0.003;

interface Waiting {
  readonly process: { readonly isAlive: boolean };
  readonly go: () => void;
}

/** @param trouble how much more often than usual calls fail; 0: never */
export function createTurnstile(random: Random, trouble: number): Turnstile {
  let waiting: Waiting[] = [];
  let isOpen = false;

  async function turn(process: { readonly isAlive: boolean }, probability: number): Promise<void> {
    if (!isOpen && process.isAlive && random.chance(probability)) await new Promise<void>((go) => void waiting.push({ process, go }));
    if (!process.isAlive) await new Promise<never>(() => {});
  }

  return {
    admit(name, callsMax) {
      const process = { isAlive: true };
      let calls = 0;

      async function call(method: string, act: () => Promise<unknown>): Promise<unknown> {
        const failure = trouble * (failures[method] ?? otherFailures);
        const isEffect = method in failures;
        calls += 1;
        if (calls > callsMax && !isOpen) process.isAlive = false;
        await turn(process, isEffect ? 0.5 : 0.15);
        if (!isOpen && random.chance(failure)) throw new SimulatedOutage(`${method} did not arrive`);
        const answer = await act();
        await turn(process, isEffect ? 0.4 : 0.05);
        if (!isOpen && isEffect && random.chance(failure)) throw new SimulatedOutage(`the answer to ${method} was lost`);
        return answer;
      }

      return {
        name,
        get isAlive() {
          return process.isAlive;
        },
        kill: () => void (process.isAlive = false),
        through: (port) =>
          Object.fromEntries(
            Object.entries(port).map(([method, act]) => {
              const isLocal = method === 'own' || method === 'rewind';
              return [method, isLocal ? act : (...given: unknown[]) => call(method, () => (act as (...given: unknown[]) => Promise<unknown>)(...given))];
            }),
          ) as typeof port,
      };
    },
    release() {
      waiting = waiting.filter(({ process }) => process.isAlive);
      const next = waiting.length === 0 ? undefined : waiting.splice(random.below(waiting.length), 1)[0];
      next?.go();
      return next !== undefined;
    },
    open() {
      isOpen = true;
      for (const { go } of waiting.splice(0)) go();
    },
  };
}
