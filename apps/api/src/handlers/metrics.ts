/** GET /metrics: the Prometheus text format. */
import type { Handler } from '../deps.ts';

export const metrics: Handler = async (deps) => ({ status: 200, body: await deps.metrics.text(), headers: { 'content-type': deps.metrics.contentType } });
