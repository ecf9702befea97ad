/** The flags of `./dev bench`, parsed as a whole: all that is wrong with them at once. */
import { parseArgs } from 'node:util';
import { exitCodes } from '@baton/protocol';
import { z } from 'zod';
import { startNames } from './producer.ts';
import { systemNames } from './system.ts';
import { mixedName, workloadNames } from './workload.ts';

const workloads = [...workloadNames, mixedName];

/** A message to people, not a bug. */
export class OptionsError extends Error {
  readonly code = 'BAD_OPTIONS';
  readonly exitCode = exitCodes.badInput;
}

const whole = z.coerce.number().int().min(1);
/** `a,b` */
function list<Item extends z.ZodType>(item: Item) {
  const words = (text: unknown): unknown => (typeof text === 'string' ? [...new Set(text.split(',').filter((word) => word !== ''))] : text);
  return z.preprocess(words, z.array(item));
}

const seconds = z.coerce.number().min(0.01).max(600);

const full = { repeats: '3', seconds: '5', 'warm-up': '2', idle: '10', nodes: '10,100,1000,10000', live: '100,10000,100000', telemetry: '5000' };
const quick: typeof full = { repeats: '1', seconds: '0.7', 'warm-up': '0.5', idle: '3', nodes: '10,100,1000', live: '100,10000', telemetry: '500' };

const Flags = z.object({
  quick: z.boolean().default(false),
  help: z.boolean().default(false),
  systems: list(z.enum(systemNames)).prefault(systemNames.join(',')),
  workloads: list(z.enum(workloads as [string, ...string[]])).prefault(workloads.join(',')),
  'in-flight': list(whole.max(5_000)).prefault('200,1000,1'),
  start: list(z.enum(startNames)).prefault(startNames.join(',')),
  repeats: whole.max(100),
  seconds,
  'warm-up': seconds,
  idle: seconds,
  nodes: list(whole.max(10_000)),
  live: list(whole.max(1_000_000)),
  telemetry: z.coerce.number().int().min(0).max(100_000),
  profile: z.boolean().default(false),
  json: z.string().min(1).optional(),
  set: z.array(z.string().regex(/^BATON_[A-Z_]+=/, 'must be like BATON_TREES=off')).default([]),
});
export type Options = z.output<typeof Flags>;

const text = { type: 'string' } as const;
const config = {
  quick: { type: 'boolean' },
  help: { type: 'boolean' },
  systems: text,
  workloads: text,
  'in-flight': text,
  start: text,
  repeats: text,
  seconds: text,
  'warm-up': text,
  idle: text,
  nodes: text,
  live: text,
  telemetry: text,
  profile: { type: 'boolean' },
  json: text,
  set: { type: 'string', multiple: true },
} as const;

export const usage = `Usage: ./dev bench [flags]

  --quick                 a minute or two, to see that it works; figures need a quiet machine and the whole run (about 25 minutes)
  --systems a,b           ${systemNames.join(', ')}; ratios need raw-flow or raw-step beside baton
  --workloads a,b         ${workloads.join(', ')}; none: --workloads ""
  --in-flight n,n         chains at a time (200,1000,1); of bigger workflows fewer, by their size
  --start a,b             how Baton's workflows are started: ${startNames.join(', ')}; where both are given, http for chains only
  --repeats n             rounds through everything, the systems by turns (${full.repeats}; quick: ${quick.repeats})
  --seconds n --warm-up n what is counted of each measurement, and what goes before (${full.seconds} and ${full['warm-up']}; quick: ${quick.seconds} and ${quick['warm-up']})
  --nodes n,n --live n,n  cost of a subtask in graphs of so many nodes, and beside so many workflows that wait; none: --nodes "" --live ""
  --telemetry n           chains of a batch that is run with logs and metrics on and off by turns (${full.telemetry}; quick: ${quick.telemetry}); none: 0
  --profile               where the CPU time of the load goes by package, and Redis's by command; slows down what is measured
  --idle n                seconds of watching processes that have nothing to do
  --set BATON_X=y         for all processes of Baton; may be given several times
  --json file             the results, also where you want them; they are always in .baton/bench, with a picture`;

/** @throws {OptionsError} with every problem */
export function parseOptions(args: readonly string[]): Options {
  let values: Record<string, unknown>;
  try {
    values = parseArgs({ args: [...args], options: config }).values;
  } catch (error) {
    throw new OptionsError(`${(error as Error).message}\n\n${usage}`, { cause: error });
  }
  const parsed = Flags.safeParse({ ...(values['quick'] === true ? quick : full), ...values });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `--${String(path[0])}: ${message}`);
  throw new OptionsError(`${problems.join('\n')}\n\n${usage}`);
}
