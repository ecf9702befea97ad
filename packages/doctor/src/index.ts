export { createDoctor, type Doctor, type DoctorDeps, type Fixed } from './doctor.ts';
export { createSweeper, type Sweeper, type Swept, sweepEveryMs } from './sweep.ts';
