/** Baton's worker of the benchmark: the agent kit with everything on, and handlers that do nothing. */
import { defineAgent } from '@baton/worker';
import { runWorker, WorkerEnvironment } from '@baton/worker-process';
import { z } from 'zod';
import { echo, queueCount } from './payload.ts';

const capability = {
  input: z.object({ text: z.string(), more: z.array(z.unknown()).optional() }),
  output: z.object({ text: z.string(), count: z.int() }),
  handler: ({ text, more }: { readonly text: string; readonly more?: readonly unknown[] | undefined }) => echo(text, more?.length ?? 0),
};

const capabilities = Object.fromEntries(Array.from({ length: queueCount }, (_, index) => [`bench.c${index}`, capability]));

await runWorker({ service: 'worker-bench', environment: WorkerEnvironment, agents: () => [defineAgent({ name: 'bench-agent', capabilities })] });
