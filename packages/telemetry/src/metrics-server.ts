/** `/metrics`, `/healthz` and `/readyz` of a process that serves no other HTTP. No routes beyond these three, no state. */
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Problem } from '@baton/core';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { within } from './within.ts';

// An import would read all that the module exports, among it what comes from Node's HTTP client: several MB that nobody here uses.
const { createServer } = process.getBuiltinModule('node:http');

/** What keeps a process from doing its work now. */
export type HealthProblem = Pick<Problem, 'code' | 'message'>;

/** From the signal to stop on: whoever sends work by readiness sends it elsewhere. */
export const isStopping: HealthProblem = { code: 'stopping', message: 'The process was told to stop.' };

export interface MetricsServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  /** Empty: ready. A rejection, or no answer in a second, is a problem too. */
  readonly health: () => Promise<readonly HealthProblem[]>;
  readonly log: Pick<Logger, 'info'>;
}

export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

export class MetricsServerError extends Error {
  readonly code = 'METRICS_PORT';
  /** Bad input: the environment is to be changed. */
  readonly exitCode = 2;
}

const healthTimeoutMs = 1_000;

/** @throws {MetricsServerError} when it cannot listen there, naming the variable to change */
export async function serveMetrics({ host, port, metrics, health, log }: MetricsServerOptions): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0];
    if (path === '/metrics') void send(response, 200, metrics.contentType, metrics.text());
    else if (path === '/healthz') void send(response, 200, 'application/json', Promise.resolve('{"status":"ok"}'));
    else if (path === '/readyz') void ready(response, health);
    else void send(response, 404, 'text/plain', Promise.resolve('There is /metrics, /healthz and /readyz.\n'));
  });
  await listen(server, host, port);
  const { port: bound } = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  log.info({ event: 'metrics_ready', url: `${url}/metrics` });
  return {
    url,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** The problems as they are, or the failure to find out as the one problem. */
export async function healthProblems(health: () => Promise<readonly HealthProblem[]>): Promise<readonly HealthProblem[]> {
  try {
    return await within(healthTimeoutMs, 'The health check did not answer', health());
  } catch (error) {
    return [{ code: 'health_unknown', message: error instanceof Error ? error.message : String(error) }];
  }
}

async function ready(response: ServerResponse, health: MetricsServerOptions['health']): Promise<void> {
  const problems = await healthProblems(health);
  const body = { status: problems.length === 0 ? 'ready' : 'not_ready', problems };
  await send(response, problems.length === 0 ? 200 : 503, 'application/json', Promise.resolve(JSON.stringify(body)));
}

async function send(response: ServerResponse, status: number, contentType: string, body: Promise<string>): Promise<void> {
  try {
    const text = await body;
    response.writeHead(status, { 'content-type': contentType }).end(text);
  } catch (error) {
    response.writeHead(500, { 'content-type': 'text/plain' }).end(`${error instanceof Error ? error.message : String(error)}\n`);
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${cause.code ?? cause.message})`;
      reject(new MetricsServerError(`Port ${port} of ${host} ${why}: set BATON_METRICS_PORT to a free port, or to 0 for any.`, { cause }));
    });
    server.listen(port, host, resolve);
  });
}
