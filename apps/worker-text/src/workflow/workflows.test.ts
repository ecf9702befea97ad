/** Each workflow as its demo runs it, on the engine, with the real agents. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileDefinition } from '@baton/core';
import { expect, onTestFinished, test } from 'vitest';
import { paramsFolder, startAgents } from '../fixture/agents.ts';
import { runLocally } from '../fixture/local-run.ts';
import { codeRefinement } from './code.ts';
import { contentGeneration } from './content.ts';
import { customerEnrichment } from './enrichment.ts';
import { customerFeedback } from './feedback.ts';

const all = { feedback: customerFeedback, content: contentGeneration, enrichment: customerEnrichment, code: codeRefinement };

async function run(name: keyof typeof all, change: object = {}) {
  const agents = await startAgents();
  onTestFinished(() => agents[Symbol.asyncDispose]());
  const params = { ...JSON.parse(await readFile(join(paramsFolder, `${name}.json`), 'utf8')), ...change };
  return await runLocally(all[name].definition, params, agents);
}

async function text(uri: unknown): Promise<string> {
  return await readFile(fileURLToPath(String(uri)), 'utf8');
}

test.each(Object.entries(all))('%s: the definition is right, and each of its capabilities has an agent', async (_, { definition }) => {
  expect(compileDefinition(definition)).toMatchObject({ ok: true });
  const agents = await startAgents();
  onTestFinished(() => agents[Symbol.asyncDispose]());
  const served = new Set(agents.agents.flatMap(({ capabilities }) => [...capabilities.keys()]));
  const asked = [...JSON.stringify(definition).matchAll(/"capability":"([^"]+)"/g)].map(([, capability]) => capability);
  expect(asked.filter((capability) => !served.has(String(capability)))).toEqual([]);
});

test('feedback: what steps share goes through the context, and the report says what to do', async () => {
  const { status, result, context, trace } = await run('feedback');
  expect(status).toBe('completed');
  expect(trace.slice(0, 2)).toEqual(['text.fetch', 'text.clean']);
  expect(trace.slice(2, 4).toSorted()).toEqual(['text.sentiment', 'text.topics']);
  expect(context).toMatchObject({
    data_uri: expect.stringMatching(/messages\.ndjson$/),
    clean_uri: expect.stringMatching(/clean\.ndjson$/),
    sentiment: { count: 121 },
  });
  const { headline, sentiment } = result as unknown as { headline: string; sentiment: Record<string, number> };
  expect(headline).toMatch(/^\d\d% of 121 messages are negative, and billing comes first$/);
  expect(Object.values(sentiment).reduce((sum, count) => sum + count, 0)).toBe(121);
  const report = await text(result['html_uri']);
  expect(report).toContain('What to do');
  expect(report).not.toMatch(/@example|Whitfield|Gonzalez|4111/);
});

test('content: each step is given what the one before made', async () => {
  const { status, result, trace } = await run('content');
  expect({ status, trace }).toEqual({ status: 'completed', trace: ['content.outline', 'content.draft', 'content.edit', 'content.format'] });
  expect(result).toMatchObject({ title: 'How to run a tool library', changes: expect.any(Number) });
  const markdown = await text(result['markdown_uri']);
  expect(markdown).toMatch(/^# How to run a tool library\n/);
  expect(markdown).not.toMatch(/but but|a accountant|in order to/);
  expect(await text(result['html_uri'])).toContain('<h2 id="rules-that-work">');
});

test('enrichment: two of three are enough, and preferences may be missing', async () => {
  const { status, result, subtasks, trace } = await run('enrichment');
  expect(status).toBe('completed');
  expect(trace).toContain('customer.preferences!NO_PREFERENCES');
  // Its failure comes before or after the quorum.
  expect(['failed_permanent', 'cancelled']).toContain(subtasks['preferences']?.status);
  expect(result).toMatchObject({ profile: { customer_id: 'C-1042', credit: { band: 'excellent' }, address: { valid: true }, missing: ['preferences'] } });
  expect(JSON.parse(await text(result['profile_uri']))).toEqual((result as { profile: unknown }).profile);
});

test('enrichment: any two will do, and what comes after the quorum is not waited for', async () => {
  const withoutCredit = await run('enrichment', { customer_id: 'C-1010' });
  expect(withoutCredit).toMatchObject({
    status: 'completed',
    trace: expect.arrayContaining(['customer.credit!NO_CREDIT_FILE']),
    result: { profile: { missing: ['credit'] } },
  });
  const known = await run('enrichment', { customer_id: 'C-1001' });
  expect(known.status).toBe('completed');
  expect((known.result as unknown as { profile: { missing: string[] } }).profile.missing).toHaveLength(1);
});

test('enrichment: one of three is not enough, and that is known at once', async () => {
  const { status, subtasks } = await run('enrichment', { customer_id: 'C-2000' });
  expect(status).toBe('failed');
  expect(subtasks['profile']?.status).not.toBe('completed');
});

test('code: the loop goes on until linter and tests are content, and the history is kept', async () => {
  const { status, result, context } = await run('code');
  expect(status).toBe('completed');
  const { scores } = result as unknown as { scores: number[] };
  expect(scores.length).toBeGreaterThan(3);
  expect(scores.slice(0, -1).every((score) => score < 0.9)).toBe(true);
  expect(scores.at(-1)).toBeGreaterThanOrEqual(0.9);
  expect(context).toMatchObject({ review: { quality_score: scores.at(-1) } });
  expect(await text(result['source_uri'])).toMatch(/^export function slugify\(title\)/m);
});

test('code: a spec that the generator has no strategy for ends with the best draft, marked as degraded', async () => {
  const spec = {
    name: 'reverse',
    parameter: 'text',
    goal: 'Turns a text round.',
    examples: [
      { args: ['abc'], returns: 'cba' },
      { args: ['aa'], returns: 'aa' },
    ],
  };
  const { status, result, subtasks } = await run('code', { spec });
  expect(status).toBe('completed');
  expect(subtasks['refine']).toMatchObject({ status: 'completed', degraded: true });
  expect((result as { quality_score: number }).quality_score).toBeLessThan(0.9);
});
