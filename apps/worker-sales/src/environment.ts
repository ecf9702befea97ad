/** The environment of a worker of the sales dashboard. */
import { WorkerEnvironment } from '@baton/worker-process';
import { z } from 'zod';

export const SalesEnvironment = WorkerEnvironment.extend({
  /** With a bigger share of broken rows a source is refused. */
  BATON_BROKEN_SHARE_MAX: z.coerce.number().min(0).max(1).default(0.5),
});
