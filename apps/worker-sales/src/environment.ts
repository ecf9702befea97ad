/** The environment of a worker of the sales dashboard. */
import { WorkerEnvironment } from '@baton/worker-process';
import { z } from 'zod';

const share = 'must be a share from 0 to 1';

export const SalesEnvironment = WorkerEnvironment.extend({
  /** With a bigger share of broken rows a source is refused. */
  BATON_BROKEN_SHARE_MAX: z.coerce
    .number(share)
    .refine((value) => value >= 0 && value <= 1, share)
    .default(0.5),
});
