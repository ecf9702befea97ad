/** The examples of a spec, run against a draft with Node's own test runner, under Node's permissions and the guard. */
import { z } from 'zod';
import type { Spec, TestFailure } from '../capability/code.ts';
import { type ConfinedRunOptions, runConfined } from './confined-run.ts';

const Line = z.object({
  name: z.string(),
  passed: z.boolean(),
  error: z.object({ name: z.string(), message: z.string(), actual: z.json().optional() }).nullable(),
});

const memoryMbMax = 128;
const messageLengthMax = 300;

/** @returns the examples that failed; all of them if the draft does not load, or does not end */
export async function runTests({ examples }: Spec, options: ConfinedRunOptions): Promise<readonly TestFailure[]> {
  const { stdout, stderr, code } = await runConfined(
    [
      '--permission',
      `--allow-fs-read=${options.cwd}`,
      '--disallow-code-generation-from-strings',
      `--max-old-space-size=${memoryMbMax}`,
      '--import',
      './guard.mjs',
      '--test',
      '--test-isolation=none',
      '--test-reporter=./reporter.mjs',
      '--test-reporter-destination=stdout',
      'suite.mjs',
    ],
    options,
  );
  const lines = stdout.split('\n').flatMap((line) => (line === '' ? [] : [Line.parse(JSON.parse(line))]));
  const results = new Map(lines.map((line) => [line.name, line]));
  const whole =
    code === null
      ? `It did not end within ${options.timeoutMs} ms.`
      : (lines.findLast(({ passed }) => !passed)?.error?.message ?? (stderr.trim() || 'It did not run.'));
  return examples.flatMap((_, example): TestFailure[] => {
    const result = results.get(String(example));
    if (result?.passed === true) return [];
    const { name, message, actual } = result?.error ?? { name: 'DraftError', message: whole, actual: undefined };
    return [{ example, error: name, message: message.slice(0, messageLengthMax), ...(actual !== undefined && { actual }) }];
  });
}
