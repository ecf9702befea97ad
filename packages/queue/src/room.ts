/**
 * The room that an agent has for subtasks of one capability, shared by its consumers, of which each shard has one. First come, first served. Who finds
 * no room waits with the subtask in hand, and is one for each consumer at most: so each shard gets its turn, however much waits in another.
 * What is in hand of a shard that is away takes no room: nothing comes of it until the shard is back, and the others must not wait for that.
 */
import type { Worker } from 'bullmq';

export interface Occupant {
  /** How many it may have in hand from now on, at least one. */
  readonly allow: (count: number) => void;
  /** It may have been asleep when it was allowed more. */
  readonly wake: () => void;
  /** Its shard is away, and with it whatever its subtasks have to ask of Redis. */
  readonly isAway: () => boolean;
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
/** Who is full looks so often whether a shard went away with some of the room. */
const lookMs = 500;

export function createRoom(size: number): Room {
  const members = new Set<Member>();
  let waiting: Waiting[] = [];
  const waking = createAlarm(wakeMs, wake);
  const looking = createAlarm(lookMs, () => (wake(), serve()));

  const free = (): number => Math.max(0, size - takenBy(members));

  function tell(): void {
    allow(members, free());
    if (free() === 0) looking.set();
  }

  function wake(): void {
    if (free() > 0) for (const { inside, occupant } of members) if (inside > 0) occupant.wake();
  }

  function serve(): void {
    while (waiting.length > 0 && free() > 0) {
      const { member, resolve } = waiting.shift() as Waiting;
      member.inside += 1;
      resolve(true);
    }
    tell();
  }

  function leave(member: Member): void {
    const wasFull = free() === 0;
    member.inside -= 1;
    serve();
    if (wasFull && free() > 0) waking.set();
  }

  async function enter(member: Member): Promise<boolean> {
    if (free() === 0) return await new Promise<boolean>((resolve) => waiting.push({ member, resolve }));
    member.inside += 1;
    tell();
    return true;
  }

  function close(member: Member): void {
    members.delete(member);
    for (const { resolve } of waiting.filter((each) => each.member === member)) resolve(false);
    waiting = waiting.filter((each) => each.member !== member);
    if (members.size > 0) return;
    waking.clear();
    looking.clear();
  }

  function join(occupant: Occupant): Seat {
    const member: Member = { occupant, inside: 0, allowed: size };
    members.add(member);
    return { enter: () => enter(member), leave: () => leave(member), close: () => close(member) };
  }

  return { join };
}

/** Goes off once, so long after it was first set. */
function createAlarm(ms: number, act: () => void): { readonly set: () => void; readonly clear: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const ring = (): void => {
    timer = undefined;
    act();
  };
  return {
    set: () => void (timer ??= setTimeout(ring, ms)),
    clear: () => clearTimeout(timer),
  };
}

function takenBy(members: Iterable<Member>): number {
  let taken = 0;
  for (const { occupant, inside } of members) if (inside > 0 && !occupant.isAway()) taken += inside;
  return taken;
}

function allow(members: Iterable<Member>, free: number): void {
  for (const member of members) {
    const allowed = Math.max(1, member.inside + free);
    if (allowed !== member.allowed) member.occupant.allow(allowed);
    member.allowed = allowed;
  }
}

/** For a worker, which is there by the time that anybody is told anything. */
export function seatOf(room: Room, worker: () => Worker, isAway: Occupant['isAway']): Seat {
  return room.join({ allow: (count) => (worker().concurrency = count), wake: () => wakeWorker(worker()), isAway });
}

/** A worker that has what it may have in hand sleeps until one of these is done: resuming is how BullMQ has it look again. */
function wakeWorker(worker: Worker): void {
  if (worker.closing !== undefined) return;
  void worker.pause(true);
  void worker.resume();
}
