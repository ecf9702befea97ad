/** The flags of `./dev test:faults`, parsed as a whole: all that is wrong with them at once. */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { exitCodes } from '@baton/protocol';
import { z } from 'zod';

/** A message to people, not a bug. */
export class OptionsError extends Error {
  readonly code = 'BAD_OPTIONS';
  readonly exitCode = exitCodes.badInput;
}

const seedMax = 2 ** 31;

const Flags = z.object({
  help: z.boolean().default(false),
  json: z.boolean().default(false),
  minutes: z.coerce.number('must be a number of minutes').min(0.2).max(600).default(1.5),
  seed: z.coerce
    .number('must be a whole number')
    .int()
    .min(0)
    .max(seedMax)
    .default(() => randomInt(seedMax)),
  rate: z.coerce.number('must be workflows a second').min(0.1).max(100).default(5),
  calm: z.boolean().default(false),
});
export type Options = z.output<typeof Flags>;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const config = { help: flag, json: flag, minutes: text, seed: text, rate: text, calm: flag } as const;

export const usage = `Usage: ./dev test:faults [flags]

Two orchestrators, an API and four processes of agents on a Redis of their own, each behind a TCP proxy, under a load of all kinds of
workflows; and a fault every second: processes killed and frozen, connections cut, blocked, stalled and slowed, Redis killed, clocks that jump, replies that
come twice, late, never, or as garbage. In the end every workflow must have come to what it comes to without faults, each guarded effect must
have happened once, and nothing may be left over.

  --seed n       draws the same load and the same faults again (without it: another one each time); when they meet is the machine's
  --minutes n    how long load and faults go on (1.5); then everything has to come to its end
  --rate n       workflows started a second (5)
  --calm         no faults: what everything comes to without
  --json         the report as JSON

Exit codes: 0 all of it held, 1 something did not: the seed, what it was, and where the logs are is in the report.`;

/** @throws {OptionsError} with every problem */
export function parseOptions(args: readonly string[]): Options {
  let values: Record<string, unknown>;
  try {
    values = parseArgs({ args: [...args], options: config }).values;
  } catch (error) {
    throw new OptionsError(`${(error as Error).message}\n\n${usage}`, { cause: error });
  }
  const parsed = Flags.safeParse(values);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `--${String(path[0])}: ${message}`);
  throw new OptionsError(`${problems.join('\n')}\n\n${usage}`);
}
