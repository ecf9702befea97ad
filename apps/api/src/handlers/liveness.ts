/** GET /healthz: the process answers. Says nothing of Redis: restarting the API would not mend that. */
import { ok } from '../answer.ts';
import type { Handler } from '../deps.ts';

export const liveness: Handler = () => Promise.resolve(ok({ status: 'ok' }));
