/** Orchestrator, API and workers on one Redis: started together, stopped together. */

import { appMain, files } from './checkout.ts';
import { type App, type AppOptions, startApp, wordsOf } from './process.ts';

export interface StackOptions {
  readonly redisUrl: string;
  /** Of each kind. */
  readonly workers: number;
  /** `free`: any, for a stack that nobody else must find; `fixed`: the documented ones. */
  readonly ports: 'free' | 'fixed';
  /** Folders that the agents may read from. */
  readonly dataRoots: readonly string[];
  readonly onLine?: AppOptions['onLine'];
}

export interface Stack {
  readonly apiUrl: string;
  readonly metricsUrls: Readonly<Record<string, string>>;
  /** Resolves with words for it as soon as an app has ended, which none does by itself. */
  readonly broken: Promise<string>;
  stop(): Promise<void>;
}

const fixedPorts = { api: 7400, orchestrator: 7401, firstWorker: 7402 } as const;
const workerApps = ['worker-sales', 'worker-text'] as const;

/** All the documented ports of a stack: the workers' stand in a row, one kind after the other. */
export function portsOf(workers: number): readonly number[] {
  return [fixedPorts.api, fixedPorts.orchestrator, ...Array.from({ length: workerApps.length * workers }, (_, index) => fixedPorts.firstWorker + index)];
}

function workerPort(app: (typeof workerApps)[number], index: number, workers: number): number {
  return fixedPorts.firstWorker + workerApps.indexOf(app) * workers + index;
}

/** @throws {AppError} when an app does not get ready; the others are stopped by then */
export async function startStack(options: StackOptions, signal: AbortSignal): Promise<Stack> {
  const started = await Promise.allSettled(plan(options).map((app) => startApp(app, signal)));
  const apps = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(apps.map((app) => app.stop()));
  };
  const failure = started.find((each) => each.status === 'rejected');
  if (failure !== undefined) {
    await stop();
    throw failure.reason;
  }
  return {
    apiUrl: urlOf(apps, 'api', 'api_ready'),
    metricsUrls: Object.fromEntries(apps.filter(({ name }) => name !== 'api').map(({ name }) => [name, urlOf(apps, name, 'metrics_ready')])),
    broken: Promise.race(apps.map(wordsOf)),
    stop,
  };
}

function plan({ redisUrl, workers, ports, dataRoots, onLine }: StackOptions): readonly AppOptions[] {
  const port = (fixed: number): string => String(ports === 'free' ? 0 : fixed);
  const common = { BATON_REDIS_URL: redisUrl, BATON_FILES_DIR: files };
  const watched = onLine === undefined ? {} : { onLine };
  const worker = (app: (typeof workerApps)[number], index: number): AppOptions => ({
    name: `${app}-${index + 1}`,
    main: appMain(app),
    env: { ...common, BATON_METRICS_PORT: port(workerPort(app, index, workers)), BATON_DATA_ROOTS: dataRoots.join(',') },
    ready: 'agent_ready',
    ...watched,
  });
  return [
    {
      name: 'orchestrator',
      main: appMain('orchestrator'),
      env: { ...common, BATON_METRICS_PORT: port(fixedPorts.orchestrator) },
      ready: 'orchestrator_ready',
      ...watched,
    },
    { name: 'api', main: appMain('api'), env: { ...common, BATON_API_PORT: port(fixedPorts.api) }, ready: 'api_ready', ...watched },
    ...workerApps.flatMap((app) => Array.from({ length: workers }, (_, index) => worker(app, index))),
  ];
}

function urlOf(apps: readonly App[], name: string, event: string): string {
  const url = apps.find((app) => app.name === name)?.seen(event)?.['url'];
  return typeof url === 'string' ? url : `(${name} logged no url with ${event})`;
}
