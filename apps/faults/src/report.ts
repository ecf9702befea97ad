/** What a run came to, as data and as text. */

export interface Report {
  readonly seed: number;
  readonly minutes: number;
  /** `BATON_TREES` of the run. */
  readonly trees: string;
  /** Where the logs of all processes are, and the journal. */
  readonly logs: string;
  /** By kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** Workflows. */
  readonly started: number;
  readonly accepted: number;
  readonly ended: number;
  /** That were completed, in workflows and their children. */
  readonly subtasks: number;
  readonly runs: number;
  readonly rerun: number;
  readonly effects: number;
  readonly repeated: number;
  readonly deadLetters: number;
  /** In which nothing happened in a workflow, but for those whose replies were swallowed. */
  readonly longestStallMs: number;
  readonly findings: { readonly count: number; readonly first: readonly string[] };
}

export function reportText(report: Report): string {
  const { seed, minutes, trees, logs, faults, accepted, ended, findings } = report;
  const total = Object.values(faults).reduce((sum, count) => sum + count, 0);
  const rows: readonly (readonly [string, string | number])[] = [
    ...Object.entries(faults)
      .toSorted(([, one], [, other]) => other - one)
      .map(([kind, count]) => [`  ${kind}`, count] as const),
    ['workflows accepted', accepted],
    ['  ended as without faults', ended],
    ['  lost', accepted - ended],
    ['subtasks completed', report.subtasks],
    ['handler runs', report.runs],
    ['  beyond the first of a dispatch', report.rerun],
    ['guarded effects', report.effects],
    ['  repeated, where that is documented', report.repeated],
    ['dead letters, all of them ours', report.deadLetters],
    ['longest stall of a workflow', `${(report.longestStallMs / 1_000).toFixed(1)} s`],
  ];
  const lines = [['faults', total] as const, ...rows].map(([name, value]) => `${name.padEnd(40)}${String(value).padStart(10)}`);
  const verdict = findings.count === 0 ? 'Nothing was lost.' : `${findings.count} findings; logs in ${logs}:\n\n${findings.first.join('\n\n')}`;
  return `seed ${seed}, ${minutes} minutes, trees ${trees}\n\n${lines.join('\n')}\n\n${verdict}`;
}
