import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Arrows, arrowProblems } from './import-arrows.ts';

const root = join(import.meta.dirname, '../../..');

const arrows: Arrows = {
  packages: {
    core: ['zod', 'ajv', 'ajv-formats', '@marcbachmann/cel-js', 'node:crypto', 'node:assert'],
    protocol: ['@baton/core (types)', 'zod'],
    blobs: ['@baton/core', '@baton/protocol', '@aws-sdk/client-s3', 'ioredis', 'lru-cache', 'node:*'],
    store: ['@baton/blobs', '@baton/core', 'ioredis', 'lru-cache', 'node:*'],
    queue: ['@baton/blobs', '@baton/core', '@baton/protocol', 'bullmq', 'cluster-key-slot', 'ioredis', 'lru-cache', 'node:*'],
    doctor: ['@baton/core', '@baton/protocol', '@baton/queue', '@baton/store', 'node:*'],
    engine: ['@baton/core', '@baton/protocol', 'lru-cache', 'nanoid', 'node:*'],
    worker: ['@baton/blobs', '@baton/core', '@baton/protocol', '@baton/queue', '@baton/telemetry', 'zod', 'node:*'],
    'worker-process': ['@baton/blobs', '@baton/files', '@baton/protocol', '@baton/queue', '@baton/telemetry', '@baton/worker', 'zod', 'node:*'],
    files: ['zod', 'node:*'],
    page: ['node:*'],
    client: ['@baton/protocol'],
    telemetry: ['@baton/core (types)', 'pino', 'pino-pretty', 'prom-client', 'node:*'],
    testkit: ['@baton/core', '@baton/engine', '@baton/protocol', '@20minutes/s3rver', 'testcontainers', 'vitest', 'fast-check', 'node:*'],
  },
  tests: ['vitest', 'fast-check', '@baton/testkit', 'node:*'],
  // The benchmark measures Baton against BullMQ as it is, so it must speak to BullMQ without our queue in between; it is never shipped.
  only: { bullmq: ['queue', 'bench'] },
  notInApps: { '@baton/testkit': ['dev', 'bench', 'faults'] },
};

test('every import follows an allowed arrow', () => {
  const files = globSync('{packages,apps}/*/src/**/*.ts', { cwd: root });
  expect(files.length).toBeGreaterThan(30);
  expect(files.flatMap((path) => arrowProblems(path, readFileSync(join(root, path), 'utf8'), arrows))).toEqual([]);
});

test.each([
  ['a package that is not listed', 'packages/core/src/a.ts', `import { Redis } from 'ioredis';`, /core may import zod/],
  ['a builtin in core', 'packages/core/src/a.ts', `import { readFile } from 'node:fs/promises';`, /core may import/],
  ['a re-export', 'packages/core/src/a.ts', `export * from '@baton/store';`, /core may import/],
  ['a dynamic import', 'packages/client/src/a.ts', `await import('zod');`, /client may import @baton\/protocol/],
  ['an import for its side effect', 'packages/store/src/a.ts', `import 'pino';`, /store may import/],
  ['a computed import', 'packages/engine/src/a.ts', 'await import(name);', /engine may import/],
  ['a value where only types may be imported', 'packages/protocol/src/a.ts', `import { assign } from '@baton/core';`, /only its types/],
  ['a type import that loads the module', 'packages/protocol/src/a.ts', `import { type Json } from '@baton/core';`, /only its types/],
  ['bullmq outside queue', 'apps/orchestrator/src/a.ts', `import { Queue } from 'bullmq';`, /only queue and bench may/],
  ['bullmq in a test outside queue', 'packages/worker/src/a.test.ts', `import { Queue } from 'bullmq';`, /only queue and bench may/],
  ['an app in an app', 'apps/cli/src/a.ts', `import { routes } from '@baton/api';`, /never apps/],
  ['the testkit in an app', 'apps/api/src/a.ts', `import { startRedis } from '@baton/testkit';`, /for tests/],
  ['the testkit in a package', 'packages/store/src/a.ts', `import { startRedis } from '@baton/testkit';`, /store may import/],
  ['the sources of another package', 'packages/engine/src/a.ts', `import { decide } from '../../core/src/decide.ts';`, /by its name/],
  ['the manifest of another package', 'apps/cli/src/a.ts', `import x from '../../api/package.json' with { type: 'json' };`, /by its name/],
  ['what is for tests', 'packages/store/src/a.ts', `import { url } from './redis-under-test.ts';`, /for tests/],
  ['an unlisted package folder', 'packages/new/src/a.ts', `import { z } from 'zod';`, /not in the table/],
])('reports %s', (_, path, text, problem) => {
  expect(arrowProblems(path, text, arrows).join('\n')).toMatch(problem);
});

test.each([
  ['packages/core/src/a.ts', `import { createHash } from 'node:crypto'; import { b } from './b.ts'; import Ajv from 'ajv/dist/2020.js';`],
  ['packages/protocol/src/a.ts', `import type { Json } from '@baton/core'; export type { Problem } from '@baton/core';`],
  ['packages/core/src/deep/a.test.ts', `import { test } from 'vitest'; import fc from 'fast-check'; import { b } from '../b.ts'; import 'node:fs';`],
  ['packages/store/src/redis-under-test.ts', `import { startRedis } from '@baton/testkit'; import { inject } from 'vitest';`],
  ['apps/cli/src/a.ts', `import manifest from '../package.json' with { type: 'json' };`],
  ['packages/queue/src/a.ts', `import { Queue } from 'bullmq';`],
  ['apps/bench/src/a.ts', `import { FlowProducer } from 'bullmq'; import { startRedis } from '@baton/testkit';`],
  ['apps/dev/src/a.ts', `import { startRedis } from '@baton/testkit';`],
  ['apps/api/src/a.test.ts', `import { startRedis } from '@baton/testkit';`],
  ['packages/core/src/a.ts', `// import { Redis } from 'ioredis'\nconst text = "import x from 'ioredis'"; export { text };`],
])('allows %s: %s', (path, text) => {
  expect(arrowProblems(path, text, arrows)).toEqual([]);
});
