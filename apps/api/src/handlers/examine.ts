/** GET /v1/doctor: one finding for each thing that can be wrong. Looks, and changes nothing. */
import type { DoctorView, FindingView } from '@baton/protocol';
import { ok } from '../answer.ts';
import type { Handler } from '../deps.ts';

export const examine: Handler = async ({ doctor }) => ok(doctorView(await doctor.examine()));

export function doctorView(findings: readonly FindingView[]): DoctorView {
  return { healthy: findings.every(({ severity }) => severity !== 'problem'), findings: [...findings] };
}
