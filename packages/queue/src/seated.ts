/** A consumer that shares its agent's room with others: what it has fetched begins when there is room. */
import { type Job, WaitingError, type Worker } from 'bullmq';
import { LockLostError } from './abort-reason.ts';
import type { Room, Seat } from './room.ts';

/** What is going on in the consumer. */
interface Ongoing {
  /** By job id. */
  readonly runs: Map<string, AbortController>;
  readonly isClosing: boolean;
}

type Process<Answer> = (job: Job, token: string | undefined) => Promise<Answer>;

export function seatOf(room: Room, worker: () => Worker): Seat {
  return room.join({ allow: (count) => (worker().concurrency = count), wake: () => wake(worker()) });
}

/** A job for which there is no room yet is ours all the same: it may be lost while it waits, or have to go back. */
export function seated<Answer>(seat: Seat, ongoing: Ongoing, process: Process<Answer>): Process<Answer> {
  return async (job, token) => {
    const [waiting, id] = [new AbortController(), String(job.id)];
    // Ours again, after we had lost it without noticing.
    ongoing.runs.get(id)?.abort(new LockLostError('The lock of the job was lost: another agent may have it.'));
    ongoing.runs.set(id, waiting);
    const isIn = await seat.enter();
    try {
      // BullMQ then leaves the job as it is.
      if (waiting.signal.aborted && !ongoing.isClosing) throw new WaitingError();
      return await process(job, token);
    } finally {
      if (isIn) seat.leave();
      if (ongoing.runs.get(id) === waiting) ongoing.runs.delete(id);
    }
  };
}

/** A worker that has what it may have in hand sleeps until one of these is done: resuming is how BullMQ has it look again. */
function wake(worker: Worker): void {
  if (worker.closing !== undefined) return;
  void worker.pause(true);
  void worker.resume();
}
