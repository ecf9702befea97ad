import { describe, expect, it } from 'vitest';
import { acceptParams, compileDefinition, workflowType } from './compile.ts';
import { limits } from './limits.ts';

const node = (id: string, rest: object = {}) => ({ id, capability: 'test.work', ...rest });
const document = (nodes: readonly object[], rest: object = {}) => ({ name: 'test', version: 1, nodes, ...rest });

/** Each problem as `path code`, so that a case is a line. */
function problemsOf(definition: unknown): readonly string[] {
  const compiled = compileDefinition(definition);
  return compiled.ok ? [] : compiled.problems.map(({ path, code }) => `${path} ${code}`);
}

function messagesOf(definition: unknown): readonly string[] {
  const compiled = compileDefinition(definition);
  return compiled.ok ? [] : compiled.problems.map(({ message }) => message);
}

describe('a right definition', () => {
  it.each([
    [{}, undefined, 7 * 86_400_000],
    [{}, 60_000, 60_000],
    [{ retention_ms: 5_000 }, 60_000, 5_000],
  ])('that says %j of its retention in a deployment of %s', (rest, retentionMs, expected) => {
    const compiled = compileDefinition(document([node('a')], rest), { retentionMs });
    expect(compiled.ok && compiled.type.definition.retention_ms).toBe(expected);
    expect(compileDefinition(null, { retentionMs }).ok).toBe(false);
  });

  it('compiles to a graph with the edges of needs and of references', () => {
    const compiled = compileDefinition(
      document([node('a'), node('b', { needs: ['a'], params: { x: '$steps.a.y', again: ['$steps.a'] } }), node('c', { params: { x: '$params.q' } })]),
    );
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
    const { graph } = compiled.type;
    expect([...graph.needs]).toEqual([
      ['a', []],
      ['b', ['a']],
      ['c', []],
    ]);
    expect([...graph.dependents]).toEqual([
      ['a', ['b']],
      ['b', []],
      ['c', []],
    ]);
    expect([graph.roots, graph.leaves]).toEqual([
      ['a', 'c'],
      ['b', 'c'],
    ]);
  });

  it('has one hash, however it was written, and comes back from the store as it was', () => {
    const [one, other] = [
      compileDefinition(document([node('a')])),
      compileDefinition({ nodes: [{ capability: 'test.work', id: 'a', kind: 'task' }], version: 1, name: 'test' }),
    ];
    if (!one.ok || !other.ok) throw new Error('does not compile');
    expect(one.type.hash).toBe(other.type.hash);
    expect(workflowType(JSON.parse(JSON.stringify(one.type.definition)))).toEqual(one.type);
  });

  it('may be a chain of 10,000', () => {
    const chain = Array.from({ length: limits.subtasksPerWorkflowMax }, (_, index) => node(`n${index}`, index === 0 ? {} : { needs: [`n${index - 1}`] }));
    expect(problemsOf(document(chain))).toEqual([]);
    expect(problemsOf(document([...chain.slice(1), node('n0', { needs: ['n9999'] })]))).toEqual(['/nodes/0 cycle']);
  });
});

describe('a wrong definition', () => {
  it.each<[string, unknown, readonly string[]]>([
    ['nothing', undefined, [' invalid_type']],
    ['no object', [], [' invalid_type']],
    ['null', null, [' invalid_type']],
    ['no nodes', document([]), ['/nodes too_small']],
    ['nodes that are none', document([7 as unknown as object]), ['/nodes/0 invalid_type']],
    ['bad names', { name: '1x', version: 0, nodes: [node('a:b')] }, ['/name invalid_format', '/version too_small', '/nodes/0/id invalid_format']],
    ['unknown fields', document([node('a', { ttl: 1 })]), ['/nodes/0 unrecognized_keys']],
    ['bounds', document([node('a', { timeout_ms: 0, retry: { attempts: 1_000 } })]), ['/nodes/0/timeout_ms too_small', '/nodes/0/retry/attempts too_big']],
    ['a duplicate id', document([node('a'), node('b'), node('a')]), ['/nodes/2/id duplicate_id']],
    ['an unknown need', document([node('a', { needs: ['x', 'a2'] }), node('a2')]), ['/nodes/0/needs/0 unknown_id']],
    [
      'unknown ids in references',
      document([node('a', { params: { x: ['$steps.zz.q'] } })], { result: { y: '$steps.q' } }),
      ['/nodes/0/params/x/0 unknown_id', '/result/y unknown_id'],
    ],
    [
      'malformed references',
      document([node('a', { params: { x: '$stps.b', y: '$steps' } })]),
      ['/nodes/0/params/x bad_reference', '/nodes/0/params/y bad_reference'],
    ],
    ['a reference to oneself', document([node('a', { params: { x: '$steps.a.y' } })]), ['/nodes/0/params/x bad_reference', '/nodes/0 cycle']],
    [
      'a cycle and what is behind it',
      document([node('a', { needs: ['b'] }), node('b', { needs: ['a'] }), node('c', { needs: ['b'] })]),
      ['/nodes/0 cycle', '/nodes/2 unreachable'],
    ],
    [
      'what is between two cycles',
      document([node('a', { needs: ['a'] }), node('m', { needs: ['a'] }), node('z', { needs: ['z', 'm'] })]),
      ['/nodes/0 cycle', '/nodes/2 cycle', '/nodes/1 unreachable'],
    ],
    ['bad schemas', document([node('a', { output: { type: 'nope' } })], { input: { required: 3 } }), ['/input bad_schema', '/nodes/0/output bad_schema']],
    [
      'a param the schema does not have',
      document([node('a', { params: { x: '$params.sorce' } })], { input: { type: 'object', properties: { source: {} } } }),
      ['/nodes/0/params/x bad_reference'],
    ],
    [
      'an output the schema does not have',
      document([node('a', { output: { type: 'object', properties: { uri: { type: 'string' } } } })], { result: '$steps.a.uri.x' }),
      ['/result bad_reference'],
    ],
  ])('says so of %s', (_, definition, expected) => {
    expect(problemsOf(definition)).toEqual(expected);
  });

  it('hides no mistake behind another', () => {
    const wrong = {
      ...document(
        [node('a', { needs: ['b'] }), node('b', { needs: ['a', 'bd'] }), { id: 'c', needs: [] }, node('d', { needs: ['c'], params: { x: '$params.y' } })],
        { input: { type: 'object', properties: {} } },
      ),
      version: 'x',
    };
    expect(problemsOf(wrong)).toEqual([
      '/version invalid_type',
      '/nodes/2/capability invalid_type',
      '/nodes/1/needs/1 unknown_id',
      '/nodes/3/params/x bad_reference',
      '/nodes/0 cycle',
    ]);
  });

  it('names the mend', () => {
    const nodes = [node('fetch', { needs: ['report'] }), node('clean', { needs: ['fetch', 'fetchh'] }), node('report', { needs: ['clean'] })];
    expect(messagesOf(document(nodes))).toEqual([
      '"clean" needs "fetchh", but there is no such node (did you mean "fetch"?).',
      'fetch → clean → report → fetch: each waits for the one before, so none can start; take one of the needs out.',
    ]);
    expect(messagesOf(document([node('a', { needs: ['quite_different'] })]))).toEqual([
      '"a" needs "quite_different", but there is no such node (there are: a).',
    ]);
    const many = Array.from({ length: 9 }, (_, index) => node(`n${index}`));
    expect(messagesOf(document([...many, node('m', { needs: ['quite_different'] })]))).toEqual(['"m" needs "quite_different", but there is no such node.']);
    expect(messagesOf(document([node('a', { params: { x: '$100' } })]))).toEqual([
      '"$100" is no reference; write $params.name, $steps.id.name or $context.name, or "$$100" for the text itself.',
    ]);
    expect(messagesOf(document([node('a', { params: { x: '$params.x' } })], { input: { type: 'object', properties: {} } }))).toEqual([
      '"$params.x" refers to a value that the input schema does not have.',
    ]);
  });

  it('is refused when it is too large', () => {
    expect(problemsOf(document([node('a', { params: { x: 'x'.repeat(limits.definitionBytesMax) } })]))).toEqual([' too_large']);
  });
});

describe('params', () => {
  const compiled = compileDefinition(
    document([node('a')], { input: { type: 'object', properties: { n: { type: 'number', default: 2 } }, additionalProperties: false } }),
  );
  const bare = compileDefinition(document([node('a')]));
  if (!compiled.ok || !bare.ok) throw new Error('does not compile');

  it('get their defaults', () => {
    expect(acceptParams(compiled.type, {})).toEqual({ ok: true, params: { n: 2 } });
    expect(acceptParams(bare.type, { any: 'thing' })).toEqual({ ok: true, params: { any: 'thing' } });
  });

  it('are refused with everything that is wrong', () => {
    expect(acceptParams(compiled.type, { n: 'x', m: 1 })).toMatchObject({ ok: false, problems: [{ code: 'additionalProperties' }, { path: '/n' }] });
    expect(acceptParams(bare.type, [1])).toMatchObject({ ok: false, problems: [{ code: 'type' }] });
    expect(acceptParams(bare.type, { x: 'x'.repeat(limits.payloadBytesMax) })).toMatchObject({ ok: false, problems: [{ code: 'too_large' }] });
  });
});
