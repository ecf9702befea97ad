/**
 * Replies that nobody waits for: in a tree the queue has started what comes next. They are kept back for a moment and settled together with the
 * next reply of their workflow that somebody waits for: one commit for a whole tree in place of one for each of its subtasks.
 * **Invariant:** what is kept back stays in its stream, so whoever reads the stream next finds it; every reply is given out once, and after
 * `patienceMs` at the latest.
 */
import type { ReceivedReply } from '@baton/core';

/** How late the record may be about the inside of a tree. */
export const patienceMs = 500;
/** Of memory there is less than of time. */
const keptMax = 5_000;

export interface Patience {
  /** Takes what was read, and gives what is to be settled now: of each workflow in the order in which it was read. */
  sift(replies: readonly ReceivedReply[], now: number): readonly ReceivedReply[];
  /** How long nothing has to be given out, if nothing comes. */
  restMs(now: number): number;
  /** Forgets what is kept: it will be read again. */
  clear(): void;
}

interface Kept {
  readonly since: number;
  readonly replies: ReceivedReply[];
}

export function createPatience(): Patience {
  /** By workflow, longest kept first. */
  const kept = new Map<string, Kept>();
  let count = 0;

  function release(workflowId: string): readonly ReceivedReply[] {
    const replies = kept.get(workflowId)?.replies ?? [];
    kept.delete(workflowId);
    count -= replies.length;
    return replies;
  }

  function keep(workflowId: string, reply: ReceivedReply, now: number): void {
    const entry = kept.get(workflowId) ?? { since: now, replies: [] };
    kept.set(workflowId, entry);
    entry.replies.push(reply);
    count += 1;
  }

  function overdue(now: number): readonly string[] {
    if (count > keptMax) return [...kept.keys()];
    const ids: string[] = [];
    for (const [workflowId, { since }] of kept) {
      if (since + patienceMs > now) break;
      ids.push(workflowId);
    }
    return ids;
  }

  return {
    sift(replies, now) {
      const given = replies.flatMap((reply) => {
        const workflowId = reply.report?.workflowId;
        if (workflowId === undefined) return [reply];
        if (!reply.isAwaitedInQueue) return [...release(workflowId), reply];
        keep(workflowId, reply, now);
        return [];
      });
      return [...given, ...overdue(now).flatMap(release)];
    },
    restMs(now) {
      const [oldest] = kept.values();
      return oldest === undefined ? Number.POSITIVE_INFINITY : Math.max(0, oldest.since + patienceMs - now);
    },
    clear() {
      kept.clear();
      count = 0;
    },
  };
}
