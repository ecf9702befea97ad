import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { defineCapability, defineWorkflow } from './builder.ts';
import { compileDefinition } from './compile.ts';
import type { Ref } from './typed-reference.ts';

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
    expect(one.definition.nodes[0]).toMatchObject({ params: { source: 'x' } });
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

describe('every kind of node', () => {
  const score = defineCapability({
    name: 'text.score',
    input: z.object({ text: z.string() }),
    output: z.object({ quality_score: z.number(), feedback: z.string() }),
  });
  const write = defineCapability({
    name: 'text.write',
    input: z.object({ topic: z.string(), feedback: z.string().optional(), previous: z.string().optional() }),
    output: z.string(),
  });
  const list = defineCapability({ name: 'data.list', input: z.object({}), output: z.object({ rows: z.array(z.object({ id: z.string(), n: z.number() })) }) });
  const begin = () => defineWorkflow({ name: 'all', version: 1, input: z.object({ topic: z.string() }), conversation: 'shared', onRestart: 'retry' });

  it('is written as the document has it, and compiles', () => {
    const built = begin()
      .step('list', {
        capability: list,
        params: () => ({}),
        writes: ['rows'],
        repairs: 2,
        fallback: [list],
        overloads: 3,
        optional: false,
        rules: [{ rule: 'size(output.rows) > 0', message: 'no rows' }],
      })
      .map('scores', {
        over: ({ steps }) => steps.list.rows,
        each: { capability: score, params: ({ item }) => ({ text: item.id }), retry: { attempts: 1, backoffMsMax: 5 }, timeoutMs: 9_000 },
        concurrency: 4,
        until: { kind: 'first', k: 2 },
        aggregate: { strategy: 'avg', of: 'quality_score' },
      })
      .loop('text', {
        generate: { capability: write, params: ({ input, loop }) => ({ topic: input.topic, feedback: loop.feedback.feedback, previous: loop.previous }) },
        critique: { capability: score, params: ({ loop }) => ({ text: loop.draft }) },
        maxIterations: 3,
        threshold: 0.9,
        patience: 1,
        onExhausted: 'degrade',
      })
      .workflow('child', { type: 'other', params: ({ steps }) => ({ mean: steps.scores }) })
      .plan('plan', { capability: list, params: () => ({}), allow: ['text.*'], nodesMax: 5, replans: 1 })
      .approval('ok', { params: ({ steps }) => ({ value: steps.text }), approvers: ['ann', 'bob'], required: 2, onReject: 'complete', timeoutMs: 60_000 })
      .signal('go', { signal: 'go', when: 'params.topic != ""', onExpiry: 'complete' })
      .sleep('nap', { forMs: 10, needs: ['go'] })
      .gather('both', { needs: ['list', 'child'], join: { kind: 'settled' }, aggregate: { strategy: 'list' } })
      .step('last', {
        capability: write,
        params: ({ context, conversation, previousResult }) => ({ topic: context('a.b'), feedback: conversation('x'), previous: previousResult() }),
        needs: ['ok'],
      })
      .result(({ steps }) => ({ text: steps.text, approved: steps.ok.approved, last: steps.last }));
    expect(built.definition).toMatchObject({
      conversation: 'shared',
      on_restart: 'retry',
      nodes: [
        { id: 'list', kind: 'task', writes: ['rows'], repairs: 2, fallback: ['data.list'], overloads: 3, rules: [{ rule: 'size(output.rows) > 0' }] },
        {
          id: 'scores',
          kind: 'map',
          over: '$steps.list.rows',
          each: {
            capability: 'text.score',
            params: { text: '$item.id' },
            retry: { attempts: 1, backoff_max_ms: 5 },
            timeout_ms: 9_000,
            output: { type: 'object' },
          },
          concurrency: 4,
          until: { kind: 'first', k: 2 },
          aggregate: { strategy: 'avg', of: 'quality_score' },
        },
        {
          id: 'text',
          kind: 'loop',
          generate: { capability: 'text.write', params: { topic: '$params.topic', feedback: '$loop.feedback.feedback?', previous: '$loop.previous?' } },
          critique: { capability: 'text.score', params: { text: '$loop.draft' } },
          max_iterations: 3,
          on_exhausted: 'degrade',
        },
        { id: 'child', kind: 'workflow', type: 'other', params: { mean: '$steps.scores' } },
        { id: 'plan', kind: 'plan', capability: 'data.list', allow: ['text.*'], nodes_max: 5 },
        { id: 'ok', kind: 'approval', params: { value: '$steps.text' }, required: 2, on_reject: 'complete', timeout_ms: 60_000 },
        { id: 'go', kind: 'signal', signal: 'go', when: 'params.topic != ""', on_expiry: 'complete' },
        { id: 'nap', kind: 'sleep', for_ms: 10, needs: ['go'] },
        { id: 'both', kind: 'gather', needs: ['list', 'child'], join: { kind: 'settled' } },
        { id: 'last', params: { topic: '$context.a.b', feedback: '$conversation.x', previous: '$previous_result' } },
      ],
    });
    expect(built.definition.nodes.find(({ id }) => id === 'plan')).not.toHaveProperty('output');
    expect(compileDefinition(built.definition)).toMatchObject({ ok: true });
  });

  it('does not compile with the wrong types', () => {
    const one = begin().step('list', { capability: list, params: () => ({}), optional: true });
    // @ts-expect-error an item has no such field
    one.map('m', { over: ({ steps }) => steps.list.rows, each: { capability: score, params: ({ item }) => ({ text: item.name }) } });
    // @ts-expect-error what is gone over is no list
    one.map('m', { over: ({ input }) => input.topic, each: { capability: score, params: () => ({ text: 'x' }) } });
    one.loop('l', {
      // @ts-expect-error the critique has no such field
      generate: { capability: write, params: ({ loop }) => ({ topic: loop.feedback.hint }) },
      critique: { capability: score, params: ({ loop }) => ({ text: loop.draft }) },
    });
    const sum = one.map('m', {
      over: ({ steps }) => steps.list.rows,
      each: { capability: score, params: ({ item }) => ({ text: item.id }) },
      aggregate: { strategy: 'sum', of: 'quality_score' },
    });
    expectTypeOf(sum.result).toBeFunction();
    // @ts-expect-error a sum is a number
    sum.step('x', { capability: write, params: ({ steps }) => ({ topic: steps.m }) });
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
