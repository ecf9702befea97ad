/** GET /readyz: 200 when requests can be served, else 503 with what is in the way. */
import { healthProblems, isStopping } from '@baton/telemetry';
import { ok, problem } from '../answer.ts';
import type { Handler } from '../deps.ts';

export const readiness: Handler = async ({ health }) => {
  const problems = await healthProblems(health);
  if (problems.length === 0) return ok({ status: 'ready' });
  const items = problems.map(({ code, message }) => ({ path: '', code, message }));
  return problem(
    problems.includes(isStopping) ? 'stopping' : 'redis_unreachable',
    `The API is not ready: ${problems.map(({ message }) => message).join(' ')}`,
    items,
  );
};
