export { createDoctor, type Doctor, type DoctorDeps, type Fixed } from './doctor.ts';
