import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createRoom, type Room, type Seat } from './room.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Consumer {
  readonly seat: Seat;
  allowed: number | undefined;
  woken: number;
  isAway: boolean;
}

function join(room: Room): Consumer {
  const consumer: Consumer = {
    allowed: undefined,
    woken: 0,
    isAway: false,
    seat: room.join({ allow: (count) => (consumer.allowed = count), wake: () => (consumer.woken += 1), isAway: () => consumer.isAway }),
  };
  return consumer;
}

test('all consumers together have so many inside, and who comes first goes in first', async () => {
  const room = createRoom(2);
  const [one, other] = [join(room), join(room)];
  expect([await one.seat.enter(), await one.seat.enter()]).toEqual([true, true]);
  const order: string[] = [];
  const waiting = [other.seat.enter().then(() => order.push('other')), one.seat.enter().then(() => order.push('one'))];
  await Promise.resolve();
  expect(order).toEqual([]);
  one.seat.leave();
  await waiting[0];
  expect(order).toEqual(['other']);
  other.seat.leave();
  await waiting[1];
  expect(order).toEqual(['other', 'one']);
});

test('each may have in hand what it has and what is free, and one more where it has none', async () => {
  const room = createRoom(3);
  const [one, other] = [join(room), join(room)];
  await one.seat.enter();
  expect([one.allowed, other.allowed]).toEqual([undefined, 2]);
  await other.seat.enter();
  await one.seat.enter();
  expect([one.allowed, other.allowed]).toEqual([2, 1]);
  other.seat.leave();
  expect([one.allowed, other.allowed]).toEqual([3, 1]);
});

test('room that nobody takes wakes those who may sleep, and those only', async () => {
  const room = createRoom(2);
  const [one, other, third] = [join(room), join(room), join(room)];
  await one.seat.enter();
  await other.seat.enter();
  one.seat.leave();
  vi.advanceTimersByTime(50);
  expect([one.woken, other.woken, third.woken]).toEqual([0, 1, 0]);
  await one.seat.enter();
  other.seat.leave();
  await other.seat.enter();
  vi.advanceTimersByTime(50);
  expect([one.woken, other.woken, third.woken]).toEqual([0, 1, 0]);
});

test('who waits is told when its consumer closes', async () => {
  const room = createRoom(1);
  const [one, other] = [join(room), join(room)];
  await one.seat.enter();
  const waiting = other.seat.enter();
  other.seat.close();
  expect(await waiting).toBe(false);
  one.seat.leave();
  expect(await one.seat.enter()).toBe(true);
});

test('what is in hand of a shard that is away takes no room from the others, whoever waits or sleeps', async () => {
  const room = createRoom(2);
  const [gone, one, other] = [join(room), join(room), join(room)];
  await gone.seat.enter();
  await one.seat.enter();
  const waiting = other.seat.enter();
  gone.isAway = true;
  vi.advanceTimersByTime(500);
  expect(await waiting).toBe(true);
  expect(one.woken).toBe(1);
  other.seat.leave();
  expect(one.allowed).toBe(2);
  // It is back, with what it had: for a while there is more than there is room for.
  await one.seat.enter();
  gone.isAway = false;
  expect(await Promise.race([other.seat.enter(), Promise.resolve('waits')])).toBe('waits');
});
