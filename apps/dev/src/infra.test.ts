/** There is not a Docker engine everywhere, so what can be wrong without one is looked for here. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Environment } from '@baton/protocol';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from './checkout.ts';

interface Service {
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly image?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly network_mode?: string;
  readonly stop_grace_period?: string;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const text = (path: string): string => readFileSync(join(root, path), 'utf8');
const { services, volumes } = parse(text('docker-compose.yml'), { merge: true }) as Compose;
const dockerfile = text('infra/Dockerfile');

test('every app that runs for long has a service and an image target', () => {
  const built = Object.values(services).flatMap(({ build }) => (build ? [build] : []));
  expect(new Set(built.map(({ target }) => target))).toEqual(new Set(['api', 'orchestrator', 'worker-sales', 'worker-text']));
  for (const { context, dockerfile: path, target } of built) {
    expect(existsSync(join(root, context, path))).toBe(true);
    expect(dockerfile).toContain(`FROM runtime AS ${target}\n`);
    expect(existsSync(join(root, 'apps', target, 'package.json'))).toBe(true);
  }
});

test('ports are published on loopback only', () => {
  const ports = Object.values(services).flatMap((service) => service.ports ?? []);
  expect(ports.length).toBeGreaterThan(0);
  expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
});

test('mounted files and volumes exist', () => {
  const sources = Object.values(services).flatMap((service) => (service.volumes ?? []).map((volume) => volume.split(':')[0] ?? ''));
  const missing = sources.filter((source) => !(source in volumes) && !source.startsWith('${') && !existsSync(join(root, source)));
  expect(missing).toEqual([]);
});

test('Redis keeps everything and evicts nothing', () => {
  const settings = text('infra/redis.conf').split('\n');
  expect(settings).toEqual(expect.arrayContaining(['appendonly yes', 'appendfsync everysec', 'maxmemory-policy noeviction']));
});

test('Prometheus scrapes ports that the images serve metrics on', () => {
  const served = new Set([...dockerfile.matchAll(/BATON_(?:API|METRICS)_PORT=(\d+)/g)].map((match) => match[1]));
  const scraped = new Set([...text('infra/prometheus.yml').matchAll(/(?::|port: )(74\d\d)/g)].map((match) => match[1]));
  expect(scraped).toEqual(served);
});

test('the set-up script and the image bring the pnpm that package.json names', () => {
  const { packageManager } = JSON.parse(text('package.json')) as { readonly packageManager: string };
  expect(text('dev')).toContain(`pnpm_version=${packageManager.slice('pnpm@'.length)}\n`);
  expect(dockerfile).toContain(packageManager);
});

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: number | string };
}
interface Container {
  readonly image: string;
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly lifecycle?: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
}
interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly strategy?: unknown;
    readonly minAvailable?: number;
    readonly replicas?: number;
    readonly selector: { readonly matchLabels: { readonly app: string } };
    readonly template: { readonly spec: { readonly terminationGracePeriodSeconds: number; readonly containers: readonly Container[] } };
  };
}
const { items } = parse(text('infra/kubernetes.yaml')) as { readonly items: readonly Item[] };
const deployments = items.filter(({ kind }) => kind === 'Deployment');
const graceMs = Environment.parse({}).BATON_GRACE_MS;

test('an app in a container has the time to end by itself', () => {
  for (const { build, stop_grace_period } of Object.values(services)) {
    if (build) expect(Number.parseInt(stop_grace_period ?? '', 10) * 1_000).toBeGreaterThan(graceMs);
  }
  expect(items.find(({ kind }) => kind === 'ConfigMap')?.data?.['BATON_GRACE_MS']).toBe(String(graceMs));
  for (const { spec } of deployments) {
    const { terminationGracePeriodSeconds, containers } = spec?.template.spec ?? { terminationGracePeriodSeconds: 0, containers: [] };
    const [app] = containers;
    expect(terminationGracePeriodSeconds * 1_000).toBeGreaterThan(graceMs + (app?.lifecycle?.preStop.sleep.seconds ?? 0) * 1_000);
  }
});

test('every app is deployed so that a deploy and a drained node leave one of it, and probed where it answers', () => {
  expect(new Set(deployments.map(({ metadata }) => metadata.name))).toEqual(new Set(['api', 'orchestrator', 'worker-sales', 'worker-text']));
  for (const { metadata, spec } of deployments) {
    const budget = items.find((item) => item.kind === 'PodDisruptionBudget' && item.spec?.selector.matchLabels.app === metadata.name);
    expect(spec?.replicas).toBeGreaterThan(budget?.spec?.minAvailable ?? Number.POSITIVE_INFINITY);
    expect(spec?.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
    const containers = spec?.template.spec.containers ?? [];
    const [app] = containers;
    expect(app?.image).toBe(`baton/${metadata.name}`);
    expect([app?.livenessProbe?.httpGet.path, app?.readinessProbe?.httpGet.path]).toEqual(['/healthz', '/readyz']);
    expect(dockerfile).toMatch(new RegExp(`AS ${metadata.name}\nENV BATON_(API|METRICS)_PORT=${app?.ports[0]?.containerPort}\\b`));
    const open = containers.flatMap(({ ports }) => ports.flatMap(({ name, containerPort }) => [name, containerPort]));
    expect(open).toContain(app?.readinessProbe?.httpGet.port);
  }
});
