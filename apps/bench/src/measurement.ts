/** One measurement: what was asked of the producer's process, and what it answers, as JSON on its standard input and output. */
import { z } from 'zod';
import { startNames } from './producer.ts';
import { systemNames } from './system.ts';

export const Case = z.object({
  system: z.enum(systemNames),
  start: z.enum(startNames),
  workload: z.string(),
  inFlight: z.int().min(1),
});
/** What is measured; the same case is measured in every repeat. */
export type Case = z.output<typeof Case>;

export const Order = z.object({
  case: Case,
  redisUrl: z.string(),
  prefix: z.string(),
  apiUrl: z.string().nullable(),
  logs: z.array(z.string()),
  processes: z.array(z.object({ role: z.string(), pid: z.int() })),
  warmUpMs: z.number(),
  windowMs: z.number(),
  countMin: z.int().min(1),
});
export type Order = z.output<typeof Order>;

export const Figures = z.object({
  workflowsPerSecond: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  /** All processes, producer and Redis among them. */
  cpuMsPerWorkflow: z.number(),
  cpuUsPerSubtask: z.number(),
  redisCpuUsPerSubtask: z.number(),
  /** Inside scripts. */
  scriptUsPerSubtask: z.number(),
  scriptsPerSubtask: z.number(),
  /** Those from inside scripts included. */
  commandsPerSubtask: z.number(),
  rssBytes: z.number(),
  redisBytes: z.number(),
});
export type Figures = z.output<typeof Figures>;
export type FigureName = keyof Figures;

/** Of one command of Redis, from inside scripts too; its time is in that of the script then, once more. */
export const CommandCost = z.object({ callsPerSubtask: z.number(), usPerSubtask: z.number() });
export type CommandCost = z.output<typeof CommandCost>;

export const Measurement = z.object({
  case: Case,
  subtasks: z.int(),
  /** Workflows that ended within the window, and all whose result was checked. */
  completed: z.int(),
  checked: z.int(),
  windowMs: z.number(),
  figures: Figures,
  byRole: z.record(z.string(), z.object({ cpuMsPerWorkflow: z.number(), rssBytes: z.number() })),
  commands: z.record(z.string(), CommandCost),
});
export type Measurement = z.output<typeof Measurement>;
