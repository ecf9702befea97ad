/**
 * The room that an agent has for subtasks of one capability, shared by its consumers, of which each shard has one. First come, first served. Who finds
 * no room waits with the subtask in hand, and is one for each consumer at most: so each shard gets its turn, however much waits in another.
 */
import type { Worker } from 'bullmq';

export interface Occupant {
  /** How many it may have in hand from now on, at least one. */
  readonly allow: (count: number) => void;
  /** It may have been asleep when it was allowed more. */
  readonly wake: () => void;
}

export interface Seat {
  /** Resolves when there is room; with false when there will be none. */
  readonly enter: () => Promise<boolean>;
  readonly leave: () => void;
  /** Nobody comes any more: who waits is told so. */
  readonly close: () => void;
}

export interface Room {
  readonly join: (occupant: Occupant) => Seat;
}

interface Member {
  readonly occupant: Occupant;
  inside: number;
  allowed: number;
}

interface Waiting {
  readonly member: Member;
  readonly resolve: (isIn: boolean) => void;
}

/** Who ends one subtask fetches the next by itself: only room that nobody takes for so long is somebody's who sleeps. */
const wakeMs = 50;

export function createRoom(size: number): Room {
  const members = new Set<Member>();
  let waiting: Waiting[] = [];
  let free = size;
  let timer: NodeJS.Timeout | undefined;

  function tell(): void {
    for (const member of members) {
      const allowed = Math.max(1, member.inside + free);
      if (allowed !== member.allowed) member.occupant.allow(allowed);
      member.allowed = allowed;
    }
  }

  function take(member: Member): void {
    free -= 1;
    member.inside += 1;
  }

  function wake(): void {
    timer = undefined;
    if (free > 0) for (const { inside, occupant } of members) if (inside > 0) occupant.wake();
  }

  function left(member: Member): void {
    const wasFull = free === 0;
    free += 1;
    member.inside -= 1;
    const next = waiting.shift();
    if (next !== undefined) take(next.member);
    else if (wasFull) timer ??= setTimeout(wake, wakeMs);
    tell();
    next?.resolve(true);
  }

  async function enter(member: Member): Promise<boolean> {
    if (free === 0) return await new Promise<boolean>((resolve) => waiting.push({ member, resolve }));
    take(member);
    tell();
    return true;
  }

  function close(member: Member): void {
    members.delete(member);
    const own = waiting.filter((each) => each.member === member);
    waiting = waiting.filter((each) => each.member !== member);
    for (const { resolve } of own) resolve(false);
    if (members.size === 0) clearTimeout(timer);
  }

  function join(occupant: Occupant): Seat {
    const member: Member = { occupant, inside: 0, allowed: size };
    members.add(member);
    return { enter: () => enter(member), leave: () => left(member), close: () => close(member) };
  }

  return { join };
}

/** A worker that has what it may have in hand sleeps until one of these is done: resuming is how BullMQ has it look again. */
export function wakeWorker(worker: Worker): void {
  if (worker.closing !== undefined) return;
  void worker.pause(true);
  void worker.resume();
}
