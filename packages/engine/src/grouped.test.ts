import { expect, test } from 'vitest';
import { grouped } from './grouped.ts';

interface Group {
  readonly items: readonly number[];
  readonly answer: () => void;
  readonly fail: (error: Error) => void;
}

/** Answers each group when it is told to. */
function held() {
  const groups: Group[] = [];
  const act = (items: readonly number[]) =>
    new Promise<readonly string[]>((resolve, reject) => groups.push({ items, answer: () => resolve(items.map(String)), fail: reject }));
  const group = async (index: number): Promise<Group> => {
    await expect.poll(() => groups.length).toBeGreaterThan(index);
    return groups[index] as Group;
  };
  return { groups, group, call: grouped(act) };
}

test('a call goes at once; those that come meanwhile go together, each with its own answers', async () => {
  const { groups, group, call } = held();
  const calls = [call([1]), call([2, 3]), call([4])];
  expect(groups.map(({ items }) => items)).toEqual([[1]]);
  groups[0]?.answer();
  expect((await group(1)).items).toEqual([2, 3, 4]);
  groups[1]?.answer();
  expect(await Promise.all(calls)).toEqual([['1'], ['2', '3'], ['4']]);
  void call([5]);
  expect((await group(2)).items).toEqual([5]);
});

test('an error is told to everybody in the group, and the next one goes all the same', async () => {
  const { group, call } = held();
  const calls = [call([1]), call([2]), call([3])];
  (await group(0)).answer();
  const second = await group(1);
  const last = call([4]);
  second.fail(new Error('away'));
  for (const each of calls.slice(1)) await expect(each).rejects.toThrow('away');
  const third = await group(2);
  expect(third.items).toEqual([4]);
  third.answer();
  expect(await last).toEqual(['4']);
});

test('a group is bounded, but what is one call stays one', async () => {
  const { group, call } = held();
  const range = (length: number) => Array.from({ length }, (_, index) => index);
  const calls = [call([0]), call(range(400)), call(range(400)), call(range(900)), call([])];
  for (const [index, size] of [1, 400, 400, 900, 0].entries()) {
    const next = await group(index);
    expect(next.items).toHaveLength(size);
    next.answer();
  }
  expect((await Promise.all(calls)).map((answers) => answers.length)).toEqual([1, 400, 400, 900, 0]);
});

test('it is busy while a call is under way', async () => {
  const { group, call } = held();
  expect(call.isBusy()).toBe(false);
  const calls = [call([1]), call([2])];
  for (const index of [0, 1]) {
    expect(call.isBusy()).toBe(true);
    (await group(index)).answer();
    await calls[index];
  }
  await expect.poll(call.isBusy).toBe(false);
});
