export { type Admission, type AdmissionLimits, createAdmission, type Refusal, type WaitsFor } from './admission.ts';
export { type Admissions, createAdmissions } from './admissions.ts';
export type { ControlOutcome, OpenApproval } from './control.ts';
export type { EngineDeps } from './deps.ts';
export * from './engine.ts';
export type { RegisterOutcome } from './register.ts';
export { createEngines, type Engines, type FrontDesk } from './shards.ts';
export type { StartOutcome } from './start.ts';
export { outboxGraceMs } from './tick.ts';
