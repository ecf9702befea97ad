import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { defineCapability, defineWorkflow, type Ref } from './builder.ts';
import { compileDefinition } from './compile.ts';

const fetchData = defineCapability({
  name: 'data.fetch',
  input: z.object({ source: z.string(), label: z.string().optional() }),
  output: z.object({ uri: z.string(), rows: z.number(), note: z.string().optional() }),
});
const report = defineCapability({
  name: 'report.assemble',
  input: z.object({ uri: z.string(), rows: z.number().default(0), tags: z.array(z.string()).optional(), nested: z.object({ a: z.number() }).optional() }),
  output: z.object({ html: z.string(), charts: z.array(z.object({ uri: z.string() })) }),
});
const begun = () =>
  defineWorkflow({
    name: 'weekly',
    version: 2,
    input: z.object({ source: z.string(), label: z.string().optional(), tags: z.array(z.string()).default([]) }),
    description: 'd',
    timeoutMs: 5_000,
    retentionMs: 6_000,
  });

describe('the typed builder', () => {
  it('writes the document that one would write by hand, and it compiles', () => {
    const built = begun()
      .step('fetch', {
        capability: fetchData,
        params: ({ input }) => ({ source: input.source, label: input.label }),
        retry: { attempts: 5, backoffMs: 10 },
        attemptTimeoutMs: 1_000,
        timeoutMs: 2_000,
        ttlMs: 500,
      })
      .step('report', {
        capability: report,
        needs: ['fetch'],
        params: ({ input, steps }) => ({ uri: steps.fetch.uri, rows: steps.fetch.rows, tags: [input.tags[0] as Ref<string>, '$literal'], nested: { a: 1 } }),
      })
      .result(({ steps }) => ({
        html: steps.report.html,
        first: steps.report.charts[0]?.uri,
        whole: steps.fetch,
        note: steps.fetch.note,
        nothing: null,
        n: 3,
      }));
    expect(built.definition).toMatchObject({
      name: 'weekly',
      version: 2,
      description: 'd',
      timeout_ms: 5_000,
      retention_ms: 6_000,
      nodes: [
        {
          id: 'fetch',
          kind: 'task',
          capability: 'data.fetch',
          params: { source: '$params.source', label: '$params.label?' },
          retry: { attempts: 5, backoff_ms: 10 },
          attempt_timeout_ms: 1_000,
          timeout_ms: 2_000,
          ttl_ms: 500,
          output: { type: 'object', required: ['uri', 'rows'] },
        },
        {
          id: 'report',
          needs: ['fetch'],
          params: { uri: '$steps.fetch.uri', rows: '$steps.fetch.rows', tags: ['$params.tags.0', '$$literal'], nested: { a: 1 } },
        },
      ],
      result: { html: '$steps.report.html', first: '$steps.report.charts.0.uri', whole: '$steps.fetch', note: '$steps.fetch.note?', nothing: null, n: 3 },
    });
    expect(compileDefinition(built.definition)).toMatchObject({ ok: true, type: { name: 'weekly', version: 2 } });
  });

  it('leaves out what is not given, and leaves earlier stages as they were', () => {
    const empty = defineWorkflow({ name: 'w', version: 1, input: z.object({}) });
    const one = empty.step('a', { capability: fetchData, params: () => ({ source: 'x', label: undefined }) });
    expect(empty.definition.nodes).toEqual([]);
    expect(Object.keys(one.definition.nodes[0] ?? {})).toEqual(['id', 'kind', 'capability', 'params', 'output']);
    expect(one.definition.nodes[0]?.params).toEqual({ source: 'x' });
  });

  it('refuses a schema that JSON cannot express', () => {
    expect(() => defineWorkflow({ name: 'w', version: 1, input: z.object({ at: z.date() }) })).toThrow();
  });

  it('gives nothing away to those who treat a reference as a value', () => {
    begun().step('fetch', {
      capability: fetchData,
      params: ({ input }) => {
        expect((input.source as unknown as { [Symbol.iterator]: unknown })[Symbol.iterator]).toBeUndefined();
        return { source: input.source };
      },
    });
  });
});

describe('what does not compile', () => {
  it('is a wrong field, a wrong type, a missing param, an unknown need, an id twice', () => {
    const one = begun().step('fetch', { capability: fetchData, params: ({ input }) => ({ source: input.source }) });
    // @ts-expect-error the output has no such field
    one.step('r', { capability: report, params: ({ steps }) => ({ uri: steps.fetch.url }) });
    // @ts-expect-error the input has no such field
    begun().step('f', { capability: fetchData, params: ({ input }) => ({ source: input.sauce }) });
    // @ts-expect-error a number where a string belongs
    one.step('r', { capability: report, params: ({ steps }) => ({ uri: steps.fetch.rows }) });
    // @ts-expect-error what may be absent where a value must be
    one.step('r', { capability: report, params: ({ steps }) => ({ uri: steps.fetch.note }) });
    // @ts-expect-error a required parameter is missing
    one.step('r', { capability: report, params: () => ({}) });
    // @ts-expect-error no such step to wait for
    one.step('r', { capability: report, needs: ['fetsch'], params: ({ steps }) => ({ uri: steps.fetch.uri }) });
    // @ts-expect-error the id is taken
    one.step('fetch', { capability: fetchData, params: ({ input }) => ({ source: input.source }) });
    // @ts-expect-error a step that comes later is not known yet
    expect(() => begun().step('f', { capability: fetchData, params: ({ steps }) => ({ source: steps.later.uri }) })).toThrow(TypeError);
    expectTypeOf<Ref<{ a: string }>['a']>().toEqualTypeOf<Ref<string>>();
  });
});
