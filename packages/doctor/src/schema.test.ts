import { expect, test } from 'vitest';
import { judgeSchemas } from './schema.ts';

const agent = (schema_version: number | undefined, ...names: string[]) => ({
  ...(schema_version !== undefined && { schema_version }),
  capabilities: names.map((name) => ({ name, input: {}, output: {} })),
});

test.each([
  ['one version', { orchestrators: [1, 1], partitions: [1, 1] }, [agent(undefined, 'a')], 'ok', /can be read/],
  ['nobody there', { orchestrators: [], partitions: [1, 2] }, [agent(undefined, 'a')], 'ok', /can be read/],
  ['an upgrade', { orchestrators: [2, 1], partitions: [1, 2] }, [agent(undefined, 'a'), agent(2, 'a', 'b')], 'ok', /1 to 2 .* upgrade/],
  ['a way back', { orchestrators: [1], partitions: [2, 1, 3] }, [], 'problem', /In 2 partitions .* schema 3, .* more than 1/],
  ['agents forgotten', { orchestrators: [2], partitions: [2, 2] }, [agent(undefined, 'b', 'a'), agent(1, 'c'), agent(2, 'c')], 'problem', /less: a, b\./],
] as const)('%s', (_, facts, agents, severity, message) => {
  expect(judgeSchemas(facts, agents)).toMatchObject({ severity, message: expect.stringMatching(message) });
});
