import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { answer, defineAgent } from './define-agent.ts';
import type { HandlerContext } from './handler-context.ts';

const rows = z.object({ rows: z.int() });

describe('the types of a handler come from its own schemas', () => {
  test('each capability its own', () => {
    const agent = defineAgent({
      name: 'data-agent',
      version: '1.2.3',
      capabilities: {
        'data.fetch': {
          input: z.object({ path: z.string(), limit: z.int().default(10) }),
          output: rows,
          handler: async (input, context) => {
            expectTypeOf(input).toEqualTypeOf<{ path: string; limit: number }>();
            expectTypeOf(context).toEqualTypeOf<HandlerContext>();
            return { rows: input.limit };
          },
        },
        'data.count': {
          input: z.object({ uri: z.string() }),
          output: z.number(),
          handler: (input) => {
            expectTypeOf(input).toEqualTypeOf<{ uri: string }>();
            return answer(input.uri.length, { usage: { characters: input.uri.length } });
          },
        },
      },
    });
    expect([agent.name, agent.version, ...agent.capabilities.keys()]).toEqual(['data-agent', '1.2.3', 'data.fetch', 'data.count']);
  });

  test('what does not fit does not compile', () => {
    expectTypeOf(defineAgent).toBeFunction();
    defineAgent({
      name: 'a',
      capabilities: {
        // @ts-expect-error the output has no rows
        'data.fetch': { input: z.object({ path: z.string() }), output: rows, handler: () => ({ row: 1 }) },
      },
    });
    defineAgent({
      name: 'a',
      capabilities: {
        // @ts-expect-error the input has no file
        'data.fetch': { input: z.object({ path: z.string() }), output: rows, handler: ({ file }) => ({ rows: String(file).length }) },
      },
    });
    defineAgent({
      name: 'a',
      capabilities: {
        // @ts-expect-error the wrapped output is of another type
        'data.fetch': { input: z.object({ path: z.string() }), output: rows, handler: async () => answer({ rows: 'many' }, {}) },
      },
    });
  });

  test('a name that cannot be a queue is refused', () => {
    const capability = { input: rows, output: rows, handler: (input: z.output<typeof rows>) => input };
    expect(() => defineAgent({ name: 'a', capabilities: { 'data:fetch': capability } })).toThrow(/begin with a letter/);
    expect(() => defineAgent({ name: 'a', capabilities: { workflow: capability } })).toThrow(/child workflows answer/);
    expect(() => defineAgent({ name: 'a b', capabilities: { 'data.fetch': capability } })).toThrow(/must be 1 to 64/);
    expect(() => defineAgent({ name: 'a', capabilities: {} })).toThrow(/needs a capability/);
  });
});
