/** The environment of a worker of the sales dashboard. */
import { Count, Environment, Milliseconds, Port } from '@baton/protocol';
import { z } from 'zod';
import { parseDataRoots } from './data/data-roots.ts';

const DataRoots = z.string().transform((text, context) => {
  try {
    return parseDataRoots(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `must be directories and URLs with commas between them: ${(error as Error).message}` });
    return z.NEVER;
  }
});

const share = 'must be a share from 0 to 1';

export const WorkerEnvironment = Environment.extend({
  BATON_METRICS_PORT: Port.default(7402),
  BATON_CONCURRENCY: Count.default(4),
  BATON_LOCK_MS: Milliseconds.default(30_000),
  BATON_STALLED_MS: Milliseconds.default(5_000),
  /** Where sources may lie: directories and URL prefixes, with commas between them. Nowhere, if it is not set. */
  BATON_DATA_ROOTS: DataRoots.prefault(''),
  /** Where the agents leave files for each other; the same for all workers. */
  BATON_FILES_DIR: z.string().min(1).default('./.baton/files'),
  BATON_SOURCE_BYTES_MAX: Count.default(1_073_741_824),
  /** With a bigger share of broken rows a source is refused. */
  BATON_BROKEN_SHARE_MAX: z.coerce
    .number(share)
    .refine((value) => value >= 0 && value <= 1, share)
    .default(0.5),
});
