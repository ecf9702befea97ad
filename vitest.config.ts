/** The kinds of test as projects (CONTRIBUTING.md), told apart by file name. */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const excluded = ['**/node_modules/**', '**/dist/**'];
const kinds = ['int', 'fault', 'e2e', 'browser'];

/** Each kind after the ones before it: what measures nothing but logic never waits for what starts processes. */
function project(
  name: string,
  groupOrder: number,
  include: readonly string[],
  options: { readonly exclude?: readonly string[]; readonly timeoutMs: number; readonly fileParallelism?: boolean },
) {
  const { exclude = [], timeoutMs, fileParallelism = true } = options;
  return {
    extends: true as const,
    test: {
      name,
      include: [...include],
      exclude: [...excluded, ...exclude],
      testTimeout: timeoutMs,
      hookTimeout: timeoutMs,
      fileParallelism,
      // A test leaves nothing behind, so files share what is loaded: half of the time would go into loading it again for each.
      isolate: false,
      sequence: { groupOrder },
    },
  };
}

export default defineConfig({
  test: {
    pool: 'forks',
    // One less by default: of two cores that would leave one idle, while many a test waits for a process.
    maxWorkers: availableParallelism(),
    setupFiles: ['packages/testkit/src/plain-output.ts'],
    projects: [
      project('unit', 0, ['{packages,apps}/*/src/**/*.test.ts'], { exclude: kinds.map((kind) => `**/*.${kind}.test.ts`), timeoutMs: 20_000 }),
      project('int', 1, ['{packages,apps}/*/src/**/*.int.test.ts'], { timeoutMs: 30_000 }),
      project('fault', 2, ['{packages,apps}/*/src/**/*.fault.test.ts'], { timeoutMs: 90_000, fileParallelism: false }),
      project('e2e', 3, ['{packages,apps}/*/src/**/*.{e2e,browser}.test.ts'], { timeoutMs: 120_000, fileParallelism: false }),
    ],
    coverage: {
      provider: 'v8',
      include: ['packages/core/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/*.test-d.ts', '**/index.ts'],
      reporter: ['text-summary', 'html'],
      thresholds: { 100: true },
    },
  },
});
