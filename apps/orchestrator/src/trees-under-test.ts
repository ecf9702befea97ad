/** Whether the engine of a test cuts trees: as the processes beside it do, which read the same environment. */
import type { EngineDeps } from '@baton/engine';
import { parseEnvironment, Trees } from '@baton/protocol';
import { type Redis, watchTreePartners } from '@baton/queue';
import { expect, vi } from 'vitest';
import { z } from 'zod';

export const isWithTrees = parseEnvironment(z.object({ BATON_TREES: Trees }), process.env).BATON_TREES !== 'off';

export interface TreesUnderTest {
  readonly sameTree: EngineDeps['sameTree'];
  /** Resolves when the agents of the capability are known: when their processes have started. */
  readonly known: (capability: string) => Promise<void>;
  readonly close: () => void;
}

export async function treesUnderTest(redis: Redis, prefix: string): Promise<TreesUnderTest> {
  if (!isWithTrees) return { sameTree: undefined, known: async () => {}, close() {} };
  const { sameTree, close } = await watchTreePartners({ redis, prefix, everyMs: 20, onError: (error) => expect.unreachable(error.message) });
  return { sameTree, close, known: (capability) => vi.waitFor(() => expect(sameTree(capability, capability)).toBe(true), { timeout: 30_000, interval: 10 }) };
}
