/** The flags of `./dev soak`, parsed as a whole: all that is wrong with them at once. */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { OptionsError } from './options.ts';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const durationPattern = /^(\d{1,9})(ms|s|m|h)$/;

/** `60s` in ms. */
const Duration = z
  .string()
  .regex(durationPattern, 'must be like 500ms, 60s, 5m or 1h')
  .transform((text) => {
    const [, digits = '', unit = ''] = durationPattern.exec(text) ?? [];
    return Number(digits) * (unitMs[unit] ?? Number.NaN);
  });
const whole = z.coerce.number().int().min(1);

const SoakFlags = z.object({
  help: z.boolean().default(false),
  workflows: whole.max(100_000_000).default(100_000),
  retention: Duration.prefault('60s').refine((ms) => ms >= 1_000, 'must be at least 1s, as in a definition'),
  'in-flight': whole.max(5_000).default(200),
  every: Duration.prefault('1s').refine((ms) => ms >= 50, 'must be at least 50ms'),
  json: z.string().min(1).optional(),
  svg: z.string().min(1).optional(),
  set: z.array(z.string().regex(/^BATON_[A-Z_]+=/, 'must be like BATON_TREES=off')).default([]),
});
export type SoakOptions = z.output<typeof SoakFlags>;

const text = { type: 'string' } as const;
const config = {
  help: { type: 'boolean' },
  workflows: text,
  retention: text,
  'in-flight': text,
  every: text,
  json: text,
  svg: text,
  set: { type: 'string', multiple: true },
} as const;

export const soakUsage = `Usage: ./dev soak [flags]

Runs many workflows of five steps with a short retention, checks every result, and judges whether the memory of Redis and of every process
stays flat once the first ones have gone, and whether nothing is left of them in the end. Exit code 1 where it does not, or something is left.

  --workflows n       how many in all (100000)
  --retention 60s     how long an ended workflow is kept: ms, s, m or h, at least 1s
  --in-flight n       how many at a time (200)
  --every 1s          how often everything is looked at
  --json file         the samples and the verdicts, also where you want them; they are always in .baton/bench, with a picture
  --svg file          the picture, likewise
  --set BATON_X=y     for all processes of Baton; may be given several times`;

/** @throws {OptionsError} with every problem */
export function parseSoakOptions(args: readonly string[]): SoakOptions {
  let values: Record<string, unknown>;
  try {
    values = parseArgs({ args: [...args], options: config }).values;
  } catch (error) {
    throw new OptionsError(`${(error as Error).message}\n\n${soakUsage}`, { cause: error });
  }
  const parsed = SoakFlags.safeParse(values);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `--${String(path[0])}: ${message}`);
  throw new OptionsError(`${problems.join('\n')}\n\n${soakUsage}`);
}
