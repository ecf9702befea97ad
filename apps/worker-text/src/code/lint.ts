/** The linter's view of a draft: bugs, style and performance. It reads the draft and never runs it. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { LintProblem } from '../capability/code.ts';
import { type ConfinedRunOptions, runConfined } from './confined-run.ts';

const Report = z.object({
  diagnostics: z.array(
    z.object({
      message: z.string(),
      code: z.string().optional(),
      severity: z.enum(['error', 'warning', 'advice']),
      labels: z.array(z.object({ span: z.object({ line: z.int() }) })).default([]),
    }),
  ),
});

const oxlint = join(dirname(fileURLToPath(import.meta.resolve('oxlint'))), '../bin/oxlint');

/** @throws {Error} if the linter itself does not run */
export async function lint(file: string, options: ConfinedRunOptions): Promise<readonly LintProblem[]> {
  const { stdout, stderr, code } = await runConfined([oxlint, '--config', 'oxlint.json', '--format', 'json', file], options);
  const report = Report.safeParse(parsed(stdout));
  if (!report.success) throw new Error(`The linter said nothing readable (exit code ${code}): ${(stderr || stdout).slice(0, 500)}`);
  return report.data.diagnostics.map(({ message, code: rule, severity, labels }) => ({
    rule: rule ?? 'syntax',
    message,
    line: labels[0]?.span.line ?? 1,
    severity: severity === 'error' ? 'error' : 'warning',
  }));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the caller says so, with what it was.
    return null;
  }
}
