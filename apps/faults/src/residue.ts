/** What is left in Redis when everything has ended: every key must have an explanation, and nothing may be waiting anywhere. Looking changes nothing. */
import { capabilityQueue, webhooksQueue, workflowsQueue } from '@baton/protocol';
import { knownCapabilities, openQueue, type Redis } from '@baton/queue';

export interface ResidueOptions {
  readonly redis: Redis;
  readonly prefix: string;
}

/** Keys that may be there, by their names without the prefix, and what is asked of each. */
const explained: readonly (readonly [pattern: RegExp, may: 'stay' | 'expire' | 'be empty'])[] = [
  // What was registered, and who registers.
  [/^(types|type:faults_child|secret|capabilities|partners|agents|orchestrators|shards)$/, 'stay'],
  [/^(agents|trees)\.[\w.]+$/, 'stay'],
  [/^(agent:.+|owner:\d+|sweep|probe|janitor)$/, 'expire'],
  // Definitions that workflows have brought; flags outlive every job that may still be queued.
  [/^(def:|ctl:)/, 'expire'],
  // Counted down to nothing.
  [/^active$/, 'stay'],
  // What agents could not say, for people.
  [/^dead$/, 'stay'],
  [/^res\.[\w.]+\.\d+$/, 'be empty'],
  // A queue's own; its jobs are looked at apart.
  [/^(cap\.[\w.]+|workflows|webhooks):(meta|id|marker|events|completed|failed)$/, 'stay'],
  [/^(cap\.[\w.]+|workflows|webhooks):stalled-check$/, 'expire'],
  [/^cap\.[\w.]+:once:.+$/, 'expire'],
];

const unfinished = ['waiting', 'prioritized', 'active', 'delayed', 'waiting-children'] as const;

/** @returns a sentence for everything that should not be there */
export async function residue({ redis, prefix }: ResidueOptions): Promise<readonly string[]> {
  const names = [workflowsQueue, webhooksQueue, ...(await knownCapabilities(redis, prefix)).map(capabilityQueue)];
  const queues = await Promise.all(names.map((name) => lookAtQueue(redis, prefix, name)));
  const done = new Set(queues.flatMap(({ done: ids }) => ids));
  const keys = (await allKeys(redis, `${prefix}:*`)).map((key) => key.slice(prefix.length + 1)).filter((name) => !done.has(jobOf(name)));
  const left = await Promise.all(keys.map((name) => unexplained(redis, `${prefix}:${name}`, name)));
  const active = Object.entries(await redis.hgetall(`${prefix}:active`)).filter(([, count]) => Number(count) !== 0);
  return [
    ...queues.flatMap(({ left: jobs }) => jobs),
    ...left.flatMap((each) => each ?? []),
    ...active.map(([type, count]) => `${count} workflows of ${type} are counted as active`),
  ];
}

async function lookAtQueue(redis: Redis, prefix: string, name: string): Promise<{ readonly done: readonly string[]; readonly left: readonly string[] }> {
  const queue = openQueue(redis, prefix, name);
  const left: string[] = [];
  for (const state of unfinished) {
    const ids = await queue.getRanges([state], 0, 20);
    if (ids.length > 0) left.push(`${name} has ${state} jobs: ${ids.join(', ')}`);
  }
  for (const job of await queue.getFailed(0, 20)) left.push(`${name} has given up ${job.id}: ${job.failedReason}`);
  const done = await queue.getRanges(['completed', 'failed'], 0, -1);
  await queue.close();
  return { done: done.map((id) => `${name}:${id}`), left };
}

/** `cap.x:<job>`, or a key of that job: `cap.x:<job>:processed`. */
function jobOf(name: string): string {
  return name.split(':').slice(0, 2).join(':');
}

async function unexplained(redis: Redis, key: string, name: string): Promise<string | null> {
  const may = explained.find(([pattern]) => pattern.test(name))?.[1];
  if (may === 'stay') return null;
  const [type, ttl] = [await redis.type(key), await redis.pttl(key)];
  // It went while we looked.
  if (type === 'none') return null;
  if (may === 'expire') return ttl > 0 || (await isRegistered(redis, key)) ? null : `${name} never expires`;
  if (may === 'be empty') return (await redis.xlen(key)) === 0 ? null : `${name} has ${await redis.xlen(key)} replies that nobody has settled`;
  return `${name} (${type}) should not be there`;
}

/** Of the type that the load registers. */
async function isRegistered(redis: Redis, key: string): Promise<boolean> {
  const [prefix, hash] = key.split(':def:') as [string, string | undefined];
  return hash !== undefined && (await redis.hvals(`${prefix}:type:faults_child`)).includes(hash);
}

async function allKeys(redis: Redis, match: string): Promise<readonly string[]> {
  const keys = new Set<string>();
  let cursor = '0';
  do {
    const [next, found] = await redis.scan(cursor, 'MATCH', match.replaceAll(/[[\]?\\]/g, '\\$&'), 'COUNT', 1_000);
    for (const key of found) keys.add(key);
    cursor = next;
  } while (cursor !== '0');
  return [...keys];
}
