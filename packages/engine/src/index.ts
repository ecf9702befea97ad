export { type Admission, type AdmissionLimits, createAdmission } from './admission.ts';
export type { ControlOutcome, OpenApproval } from './control.ts';
export type { EngineDeps } from './deps.ts';
export * from './engine.ts';
export type { Refusal } from './refusal.ts';
export type { RegisterOutcome } from './register.ts';
export type { StartOutcome } from './start.ts';
export { outboxGraceMs } from './tick.ts';
