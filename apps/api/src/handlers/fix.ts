/** POST /v1/doctor/fix: mends what is safe to mend, then looks again. */
import type { DoctorFixView } from '@baton/protocol';
import { ok } from '../answer.ts';
import type { Handler } from '../deps.ts';
import { doctorView } from './examine.ts';

export const fix: Handler = async ({ doctor }) => {
  const fixed = await doctor.fix();
  const body: DoctorFixView = { fixed: [...fixed], ...doctorView(await doctor.examine()) };
  return ok(body);
};
