/** The environment that every Baton process reads, parsed as a whole: all problems at once, and nothing starts half configured. */
import { z } from 'zod';
import { Blobs } from './blob-place.ts';
import { defaultPrefix } from './queue-name.ts';
import { parseRedisUrl } from './redis-url.ts';

function whole(min: number, max: number, what: string) {
  const message = `must be ${what}`;
  return z.coerce.number(message).refine((value) => Number.isSafeInteger(value) && value >= min && value <= max, message);
}

export const Port = whole(0, 65_535, 'a port from 0 (any free one) to 65535');
const portOrOff = 'a port from 0 (any free one) to 65535, or off';
/** `off`: no metrics are kept, and nothing listens, neither for them nor for `/healthz` and `/readyz`. */
export const MetricsPort = z.union([z.literal('off'), whole(0, 65_535, portOrOff)], `must be ${portOrOff}`);
export const Milliseconds = whole(1, Number.MAX_SAFE_INTEGER, 'a whole number of milliseconds, at least 1');
export const Count = whole(1, Number.MAX_SAFE_INTEGER, 'a whole number, at least 1');

const countOrNone = 'a whole number, at least 1, or none';
const CountOrNone = z.union([z.literal('none').transform(() => null), whole(1, Number.MAX_SAFE_INTEGER, countOrNone)], `must be ${countOrNone}`).default(null);

/** What a process that starts workflows lets in. What is under way is never refused anything. */
export const AdmissionVariables = {
  /** Workflows of one type that have not ended, where no limit was set for the type. */
  BATON_MAX_ACTIVE: CountOrNone,
  /** Subtasks that wait for one capability: a workflow that asks for it waits, too. */
  BATON_MAX_QUEUE_DEPTH: CountOrNone,
};

function oneOf<const Words extends readonly [string, ...string[]]>(...words: Words) {
  return z.enum(words, `must be one of ${words.join(', ')}`);
}

/** Each costs every process some connections. */
const shardsMax = 64;

/** Whether a process that dispatches hands the queue whole trees of subtasks, where their agents can. `auto`: while it has nothing else to write. */
export const Trees = oneOf('auto', 'on', 'off').default('auto');

/** How long ended workflows are kept whose definition does not say. */
export const Retention = whole(1_000, 365 * 86_400_000, 'a whole number of milliseconds from 1000, a second, to 31536000000, a year').optional();

const RedisUrl = z.string().superRefine((text, context) => {
  const parsed = parseRedisUrl(text);
  if (!parsed.ok) context.addIssue(parsed.message);
});

/** Common to all processes; an app extends it. */
export const Environment = z.object({
  BATON_REDIS_URL: RedisUrl.default('redis://127.0.0.1:6379'),
  BATON_PREFIX: z
    .string()
    .regex(/^\{[A-Za-z0-9_.:-]+\}$/, 'must be a Redis hash tag like {baton:0}')
    .default(defaultPrefix),
  /** How many parts the deployment has, each in one slot of Redis. Fixed when the deployment is created. */
  BATON_SHARDS: whole(1, shardsMax, `a whole number from 1 to ${shardsMax}`).default(1),
  /** Whether a process starts on a Redis that may evict keys. What it evicts is lost. */
  BATON_EVICTING_REDIS: oneOf('refuse', 'accept').default('refuse'),
  /** Where payloads over the inline limit are kept. */
  BATON_BLOBS: Blobs,
  /** From the signal to stop until the process has ended, whatever is still in hand by then. */
  BATON_GRACE_MS: Milliseconds.default(15_000),
  BATON_HOST: z.string().min(1).default('127.0.0.1'),
  BATON_LOG_LEVEL: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent').default('info'),
  BATON_LOG_FORMAT: oneOf('auto', 'json', 'pretty').default('auto'),
});

/** Of the grace time, how long what is in hand may take to finish; the rest is for handing it back and letting go. */
export function finishMsOf(graceMs: number): number {
  return Math.round((graceMs * 2) / 3);
}

/** What exits a process, so that scripts can tell the cases apart. `unwell`: the doctor found a problem. `notAdmitted`: right, but there is no place now. */
export const exitCodes = { ok: 0, failed: 1, badInput: 2, unreachable: 3, unwell: 4, notAdmitted: 5 } as const;

export class EnvironmentError extends Error {
  readonly code = 'BAD_ENVIRONMENT';
  readonly exitCode = exitCodes.badInput;
}

/** @throws {EnvironmentError} naming every variable that is wrong, what it was and what would be right; values of URLs are not shown */
export function parseEnvironment<Schema extends z.ZodType>(schema: Schema, environment: Record<string, string | undefined>): z.output<Schema> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`);
  throw new EnvironmentError(`The environment is not right:\n${lines.join('\n')}`);
}
