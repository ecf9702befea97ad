/**
 * Calls that come while one is under way go together in the next one. A single call waits for nobody; under load a start costs a share of a
 * commit and of a dispatch with others, not a round trip and a turn of the event loop of its own, which are most of what it costs.
 */

/** What one call may carry, so that nobody waits for very many others. */
const itemsMax = 500;

interface Call<Item, Answer> {
  readonly items: readonly Item[];
  readonly resolve: (answers: readonly Answer[]) => void;
  readonly reject: (error: unknown) => void;
}

export interface Grouped<Item, Answer> {
  (items: readonly Item[]): Promise<readonly Answer[]>;
  /** Would a call have to wait for another? */
  isBusy(): boolean;
}

/** @param act answers in the order of the items; where it throws, everybody in the group is told */
export function grouped<Item, Answer>(act: (items: readonly Item[]) => Promise<readonly Answer[]>): Grouped<Item, Answer> {
  const waiting: Call<Item, Answer>[] = [];
  let isBusy = false;

  async function work(): Promise<void> {
    isBusy = true;
    for (let calls = take(waiting); calls.length > 0; calls = take(waiting)) await answer(calls, act);
    isBusy = false;
  }

  const call = (items: readonly Item[]): Promise<readonly Answer[]> =>
    new Promise((resolve, reject) => {
      waiting.push({ items, resolve, reject });
      if (!isBusy) void work();
    });
  return Object.assign(call, { isBusy: () => isBusy });
}

/** The first calls, at least one, as many as go together. */
function take<Item, Answer>(waiting: Call<Item, Answer>[]): readonly Call<Item, Answer>[] {
  let count = 0;
  for (let items = 0; count < waiting.length && (count === 0 || items + (waiting[count]?.items.length ?? 0) <= itemsMax); count += 1) {
    items += waiting[count]?.items.length ?? 0;
  }
  return waiting.splice(0, count);
}

async function answer<Item, Answer>(calls: readonly Call<Item, Answer>[], act: (items: readonly Item[]) => Promise<readonly Answer[]>): Promise<void> {
  try {
    const answers = await act(calls.flatMap(({ items }) => items));
    let at = 0;
    for (const { items, resolve } of calls) resolve(answers.slice(at, (at += items.length)));
  } catch (error) {
    for (const { reject } of calls) reject(error);
  }
}
