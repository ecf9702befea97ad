/** The doctor's look at the start: what it finds goes to the log. Nothing waits for it, and nothing depends on it. */
import type { Doctor } from '@baton/doctor';
import type { FindingView } from '@baton/protocol';
import type { Logger } from '@baton/telemetry';

const levels = { ok: 'debug', warning: 'warn', problem: 'error' } as const satisfies Record<FindingView['severity'], string>;

export interface Checkup {
  /** What it finds from now on is not logged: whoever stops takes the connection away from it. */
  close(): void;
}

export function reportFindings(doctor: Pick<Doctor, 'examine'>, log: Logger): Checkup {
  let isClosed = false;

  async function report(): Promise<void> {
    try {
      const findings = await doctor.examine();
      if (isClosed) return;
      for (const { code, severity, message, mend } of findings) log[levels[severity]]({ event: 'doctor_finding', code, severity, message, mend });
      log.info({ event: 'doctor_done', warnings: count(findings, 'warning'), problems: count(findings, 'problem') });
    } catch (err) {
      if (!isClosed) log.warn({ event: 'doctor_failed', err });
    }
  }

  void report();
  return { close: () => void (isClosed = true) };
}

function count(findings: readonly FindingView[], severity: FindingView['severity']): number {
  return findings.filter((finding) => finding.severity === severity).length;
}
