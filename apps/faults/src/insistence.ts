/** Says the same until it is heard: an API or a Redis that is away, or says that it cannot, is asked again. Any other refusal is a finding. */
import { setTimeout as delay } from 'node:timers/promises';
import { BatonApiError, BatonUnreachableError } from '@baton/client';
import { EnqueueError } from '@baton/queue';

export interface Insistence {
  /** @returns null: it was refused, or nobody waits any more */
  readonly insist: <Answer>(what: string, id: string, say: () => Promise<Answer>) => Promise<Answer | null>;
  /** Looks until something is found. */
  readonly waitFor: <Found>(what: string, id: string, look: () => Promise<Found | null>) => Promise<Found | null>;
}

export interface InsistenceOptions {
  readonly onFinding: (finding: string) => void;
  /** The workflow has ended: there is nothing to say to it any more. */
  readonly isOver: (id: string) => boolean;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
}

const againMs = 150;
const lookMs = 300;
/** What is said too early, or to somebody who is away. */
const retryCodes: readonly string[] = ['unknown_workflow', 'redis_unreachable', 'internal_error'];

export function createInsistence({ onFinding, isOver, signal }: InsistenceOptions): Insistence {
  async function insist<Answer>(what: string, id: string, say: () => Promise<Answer>): Promise<Answer | null> {
    while (!signal.aborted && !isOver(id)) {
      try {
        return await say();
      } catch (error) {
        if (!isPassing(error)) {
          onFinding(`${what} ${id} was refused: ${String(error)}`);
          return null;
        }
        await delay(againMs);
      }
    }
    return null;
  }

  return {
    insist,
    async waitFor(what, id, look) {
      while (!signal.aborted && !isOver(id)) {
        const found = await insist(what, id, look);
        if (found !== null) return found;
        await delay(lookMs);
      }
      return null;
    },
  };
}

function isPassing(error: unknown): boolean {
  return (
    error instanceof EnqueueError ||
    error instanceof BatonUnreachableError ||
    (error instanceof BatonApiError && (error.status >= 500 || retryCodes.includes(error.code)))
  );
}

/** The same was heard before, or it has come to its end without: whatever it was to bring about has happened, or shows as a result that is not right. */
export async function unlessRefused<Answer>(said: Promise<Answer>): Promise<Answer | null> {
  try {
    return await said;
  } catch (error) {
    if (error instanceof BatonApiError && error.code === 'refused') return null;
    throw error;
  }
}
