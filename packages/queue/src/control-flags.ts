/**
 * What agents must know at once about work that they have, or are about to begin: `ctl:<workflow>`, written by commits, only read here.
 * All checks of one turn of the event loop are one EXISTS (and an HGETALL for each that needs a hash with it), and where a workflow has flags, an HMGET
 * for each. So is each look at what runs: twice a second, one for all consumers of a connection, and none while nothing runs. A flag's time is
 * compared with this machine's clock, as BullMQ does it.
 * **Invariant:** an attempt begins at the moment in which Redis answers its check: what was paused or cancelled by a commit before that does
 * not begin, and what a later commit pauses had begun.
 */
import type { Redis } from './redis.ts';

/** One dispatch. */
export interface ControlRef {
  readonly workflowId: string;
  readonly subtaskId: string;
  readonly generation: number;
}

export interface Watcher {
  /** Once, when what is watched was cancelled and its grace is over. */
  readonly onCancelled: () => void;
  /** A look failed; the next one comes all the same. */
  readonly onError: (error: Error) => void;
}

export interface ControlFlags {
  /** Must it not begin? Paused and cancelled are the same here, grace or not. */
  readonly isHeld: (ref: ControlRef) => Promise<boolean>;
  /** Is it held by a pause alone, so that it goes on one day? */
  readonly isPaused: (ref: ControlRef) => Promise<boolean>;
  /** The same, and with it a hash that the attempt needs: in one round trip with all others of this turn. */
  readonly isHeldWith: (ref: ControlRef, hashKey: string) => Promise<Checked>;
  /** @returns what ends the watch */
  readonly watch: (ref: ControlRef, watcher: Watcher) => () => void;
}

/** Before an attempt. */
interface Check {
  readonly ref: ControlRef;
  readonly hashKey?: string;
}

interface Checked {
  readonly isHeld: boolean;
  /** Empty where there is none. */
  readonly hash: Hash;
}

type Hash = Readonly<Record<string, string>>;

type Flag = { readonly kind: 'paused' } | { readonly kind: 'cancelled'; readonly at: number };

/** An abort comes within a second of its flag. */
const lookEveryMs = 500;

const shared = new WeakMap<Redis, Map<string, ControlFlags>>();

/** One for each connection and prefix: the consumers of a process share their reads. */
export function controlFlagsOf(redis: Redis, prefix: string): ControlFlags {
  const ofConnection = shared.get(redis) ?? new Map<string, ControlFlags>();
  shared.set(redis, ofConnection);
  const flags = ofConnection.get(prefix) ?? createControlFlags(redis, prefix);
  ofConnection.set(prefix, flags);
  return flags;
}

export function createControlFlags(redis: Redis, prefix: string): ControlFlags {
  const read = batched((checks: readonly Check[]) => readChecks(redis, prefix, checks));
  const watched = new Map<ControlRef, Watcher>();
  let timer: NodeJS.Timeout | undefined;
  let isLooking = false;

  async function look(): Promise<void> {
    // Redis is slow or away: one look that waits is enough.
    if (isLooking) return;
    isLooking = true;
    const refs = [...watched.keys()];
    try {
      const found = await readFlags(redis, prefix, refs);
      const now = Date.now();
      const isCancelled = (flag: Flag): boolean => flag.kind === 'cancelled' && flag.at <= now;
      const cancelled = refs.filter((_, index) => found[index]?.some(isCancelled));
      for (const ref of cancelled) {
        watched.get(ref)?.onCancelled();
        watched.delete(ref);
      }
    } catch (error) {
      for (const onError of new Set([...watched.values()].map((watcher) => watcher.onError))) onError(error as Error);
    } finally {
      isLooking = false;
    }
  }

  return {
    isHeld: async (ref) => (await read({ ref })).isHeld,
    async isPaused(ref) {
      const [flags = []] = await readFlags(redis, prefix, [ref]);
      return flags.length > 0 && flags.every(({ kind }) => kind === 'paused');
    },
    isHeldWith: async (ref, hashKey) => await read({ ref, hashKey }),
    watch(ref, watcher) {
      watched.set(ref, watcher);
      timer ??= setInterval(() => void look(), lookEveryMs);
      return () => {
        watched.delete(ref);
        if (watched.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}

/** What is asked for in one turn of the event loop is read together. */
function batched<Item, Answer>(readAll: (items: readonly Item[]) => Promise<readonly Answer[]>): (item: Item) => Promise<Answer> {
  let items: Item[] = [];
  let answers: Promise<readonly Answer[]> | undefined;
  return async (item) => {
    const index = items.push(item) - 1;
    answers ??= new Promise<void>((resolve) => void setImmediate(resolve)).then(() => {
      const taken = items;
      items = [];
      answers = undefined;
      return readAll(taken);
    });
    return (await answers)[index] as Answer;
  };
}

async function readChecks(redis: Redis, prefix: string, checks: readonly Check[]): Promise<readonly Checked[]> {
  const [flags, hashes] = await Promise.all([
    readFlags(
      redis,
      prefix,
      checks.map(({ ref }) => ref),
    ),
    Promise.all(checks.map(({ hashKey }) => (hashKey === undefined ? Promise.resolve({}) : redis.hgetall(hashKey)))),
  ]);
  return checks.map((_, index) => ({ isHeld: (flags[index] ?? []).length > 0, hash: hashes[index] ?? {} }));
}

/** In the order of the refs: what is said of the whole workflow and of the dispatch. */
async function readFlags(redis: Redis, prefix: string, refs: readonly ControlRef[]): Promise<readonly (readonly Flag[])[]> {
  if (refs.length === 0) return [];
  const groups = [...Map.groupBy(refs, ({ workflowId }) => workflowId)];
  const keyOf = (workflowId: string): string => `${prefix}:ctl:${workflowId}`;
  // Hardly any workflow has flags: one question for all of them.
  if ((await redis.exists(groups.map(([workflowId]) => keyOf(workflowId)))) === 0) return refs.map(() => []);
  const answers = await Promise.all(
    groups.map(([workflowId, group]) => redis.hmget(keyOf(workflowId), '*', ...group.map(({ subtaskId, generation }) => `${subtaskId}~${generation}`))),
  );
  const flags = new Map<ControlRef, readonly Flag[]>();
  groups.forEach(([, group], position) => {
    const [whole, ...own] = answers[position] as readonly (string | null)[];
    group.forEach((ref, index) => flags.set(ref, [whole, own[index]].flatMap(flagOf)));
  });
  return refs.map((ref) => flags.get(ref) ?? []);
}

function flagOf(text: string | null | undefined): readonly Flag[] {
  if (text === 'paused') return [{ kind: 'paused' }];
  const at = /^cancelled:(\d+)$/.exec(text ?? '')?.[1];
  return at === undefined ? [] : [{ kind: 'cancelled', at: Number(at) }];
}
