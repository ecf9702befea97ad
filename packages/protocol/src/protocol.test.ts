/** The wire: the guide's messages to the letter, their round trip, and what other languages get of them. */
import type { Assignment, Feedback, Report } from '@baton/core';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  AssignmentMessage,
  assignmentMessage,
  CapabilityBody,
  type ControlName,
  capabilityOfStream,
  capabilityQueue,
  controlBodies,
  Environment,
  EnvironmentError,
  feedbackOf,
  finishMsOf,
  MetricsPort,
  messageSchemas,
  parseAssignment,
  parseEnvironment,
  parseReply,
  ReplyMessage,
  replyMessage,
  resultStream,
  StartWorkflowBody,
  schemaVersionOf,
  webhooksQueue,
  workflowsQueue,
} from './index.ts';

const issuedAt = Date.UTC(2026, 2, 2, 12);
const assignment: Assignment = {
  workflowId: 'wf_123',
  workflowType: 'sales_dashboard_v1',
  partition: 3,
  subtaskId: 'fetch',
  generation: 2,
  capability: 'data.fetch',
  parameters: { source: 'sales.csv', options: { header: true } },
  parametersBytes: 51,
  retry: { attempts: 3, backoffMs: 1_000, backoffMsMax: 30_000, jitter: 0.5 },
  attemptTimeoutMs: 60_000,
  ttlMs: 300_000,
  issuedAt,
};
const id = 'wf_123~fetch~2';
const message = assignmentMessage(assignment, id);
const execution = { agent: 'data-agent-01', attempt: 2, startedAt: issuedAt + 10, finishedAt: issuedAt + 244, usage: { tokens: 812 } };

describe('the assignment', () => {
  test('has the fields of the guide, with its names and nesting', () => {
    expect(message).toMatchObject({
      message_id: id,
      type: 'request',
      sender: 'orchestrator/baton/v1',
      receiver: 'cap.data.fetch',
      timestamp: '2026-03-02T12:00:00.000Z',
      payload: { operation: 'data.fetch', parameters: { source: 'sales.csv', options: { header: true } } },
      metadata: { workflow_id: 'wf_123', subtask_id: 'fetch', correlation_id: id, ttl_ms: 300_000 },
    });
    expect(Object.keys(message)).toEqual(['message_id', 'type', 'sender', 'receiver', 'timestamp', 'payload', 'metadata']);
  });

  test('survives JSON and parsing', () => {
    expect(parseAssignment(JSON.parse(JSON.stringify(message)))).toEqual({ ok: true, value: message });
  });

  test('may have more than we know of: a newer sender', () => {
    const newer = { ...message, priority: 5, metadata: { ...message.metadata, tenant: 'x' } };
    expect(parseAssignment(newer)).toEqual({ ok: true, value: message });
  });

  test('names the version of its schema from 2 on, and the reply repeats it', () => {
    const byAgent = { agent: 'a', attempt: 1, startedAt: issuedAt, finishedAt: issuedAt };
    const replied = (to: typeof message) => replyMessage(to, { outcome: { status: 'held' }, execution: byAgent }).metadata;
    const newer = assignmentMessage(assignment, id, 2);
    expect([schemaVersionOf(newer), replied(newer).schema_version]).toEqual([2, 2]);
    for (const unversioned of [message.metadata, replied(message)]) expect(unversioned).not.toHaveProperty('schema_version');
    for (const other of [message, null, 'text', { schema_version: 'x' }, { metadata: null }, {}]) expect(schemaVersionOf(other)).toBe(1);
    expect(schemaVersionOf({ schema_version: 3 })).toBe(3);
    expect(parseAssignment({ ...message, metadata: { ...message.metadata, schema_version: 'x' } }).ok).toBe(false);
  });

  test('carries what was wrong with the output before, and only if something was', () => {
    const feedback: Feedback = { problems: [{ path: '/uri', code: 'invalid_type', message: 'expected string' }], previousOutput: { uri: 7 } };
    const repair = assignmentMessage({ ...assignment, repair: feedback }, id);
    expect(repair.payload.repair).toEqual({ problems: feedback.problems, previous_output: { uri: 7 } });
    const parsed = parseAssignment(JSON.parse(JSON.stringify(repair)));
    expect(parsed.ok && feedbackOf(parsed.value)).toEqual(feedback);
    expect(message.payload).not.toHaveProperty('repair');
    expect(feedbackOf(message)).toBeNull();
  });

  test('in a tree names its inputs and what of their results it wants, and only there', () => {
    const bindings = [
      { at: ['rows', '0'], input: 'load', path: ['uri'], optional: false },
      { at: ['note'], input: 'load', path: [], optional: true },
    ];
    const inTree = assignmentMessage({ ...assignment, parameters: { rows: [null], note: null }, bindings, inputs: ['load', 'wait'] }, id);
    expect(inTree).toMatchObject({ payload: { parameters: { rows: [null], note: null }, bindings }, metadata: { inputs: ['load', 'wait'] } });
    expect(parseAssignment(JSON.parse(JSON.stringify(inTree)))).toEqual({ ok: true, value: inTree });
    expect([message.payload, message.metadata]).toEqual([
      expect.not.objectContaining({ bindings: expect.anything() }),
      expect.not.objectContaining({ inputs: expect.anything() }),
    ]);
  });

  test('goes back with when the replies were finished that its parameters were filled in from, and what these came to', () => {
    const hash = 'a1'.repeat(21) + '-';
    const filled = { ...message, metadata: { ...message.metadata, built_on: { load: '2026-03-02T12:00:00.007Z' }, parameters_hash: hash } };
    const reply = replyMessage(filled, { outcome: { status: 'held' }, execution });
    const parsed = parseReply(JSON.stringify(reply));
    expect(parsed.ok && parsed.value).toMatchObject({ builtOn: { load: Date.UTC(2026, 2, 2, 12, 0, 0, 7) }, parametersHash: hash });
    const { metadata } = replyMessage(message, { outcome: { status: 'held' }, execution });
    for (const field of ['built_on', 'parameters_hash']) expect(metadata).not.toHaveProperty(field);
  });

  test('is refused with every problem and where it is', () => {
    const { payload: _payload, ...rest } = message;
    const parsed = parseAssignment({ ...rest, type: 'response', metadata: { ...message.metadata, ttl_ms: -1 } });
    expect(parsed.ok ? [] : parsed.problems.map(({ path }) => path)).toEqual(['/type', '/payload', '/metadata/ttl_ms']);
  });
});

describe('the reply', () => {
  const outcomes: Report['outcome'][] = [
    { status: 'completed', result: { uri: 'file:///a' } },
    { status: 'completed', result: null, contextUpdate: { 'sales.rows': 3 } },
    { status: 'failed', error: { code: 'FILE_MISSING', message: 'There is no file.' } },
    { status: 'failed', error: { code: 'X', message: 'x', details: { row: 3 } } },
    { status: 'overloaded', retryAfterMs: 250 },
    { status: 'held' },
    { status: 'blocked' },
  ];
  test.each(outcomes)('survives the wire: $status', (outcome) => {
    const report: Report = { workflowId: 'wf_123', subtaskId: 'fetch', generation: 2, outcome, execution };
    expect(parseReply(JSON.stringify(replyMessage(message, { outcome, execution })))).toEqual({ ok: true, value: report });
  });

  test('answers the message it answers, from the agent', () => {
    const reply = replyMessage(message, { outcome: { status: 'completed', result: 1, contextUpdate: { a: 1 } }, execution });
    expect(reply).toMatchObject({
      type: 'response',
      sender: 'data-agent-01',
      receiver: message.sender,
      payload: { status: 'completed', result: 1, context_update: { a: 1 } },
      metadata: { correlation_id: message.message_id, agent: 'data-agent-01', attempt: 2, started_at: '2026-03-02T12:00:00.010Z', usage: { tokens: 812 } },
    });
    expect(ReplyMessage.safeParse(reply).success).toBe(true);
  });

  test('is of the capability in whose stream it stands, whatever it says of itself', () => {
    const reply = { ...replyMessage(message, { outcome: { status: 'held' }, execution }), capability: 'bank.transfer' };
    expect(parseReply(JSON.stringify(reply))).not.toHaveProperty('value.capability');
    expect(parseReply(JSON.stringify(reply), 'data.fetch')).toHaveProperty('value.capability', 'data.fetch');
    expect(['data.fetch', 'a', 'a.1'].map((capability) => capabilityOfStream(resultStream(capability, 15)))).toEqual(['data.fetch', 'a', 'a.1']);
  });

  test.each([{ status: 'overloaded' }, { status: 'overloaded', retry_after_ms: -1 }, { status: 'paused' }])('%j is no payload of a reply', (payload) => {
    expect(parseReply(JSON.stringify({ ...replyMessage(message, { outcome: { status: 'held' }, execution }), payload })).ok).toBe(false);
  });

  test.each(['', 'not json', '{}', '[]', 'null', '{"type":"response"}'])('that cannot be read (%j) is a value with its problems', (text) => {
    const parsed = parseReply(text);
    expect(parsed.ok).toBe(false);
    expect(parsed.ok ? 0 : parsed.problems.length).toBeGreaterThan(0);
  });
});

test('the queues have the names of the design, none with a colon', () => {
  const names = [capabilityQueue('data.fetch'), resultStream('data.fetch', 3), workflowsQueue, webhooksQueue];
  expect(names).toEqual(['cap.data.fetch', 'res.data.fetch.3', 'workflows', 'webhooks']);
});

describe('as JSON Schema', () => {
  test('what our schema takes and refuses, the exported one says too', () => {
    const fromJson = z.fromJSONSchema(messageSchemas.assignment);
    for (const value of [message, { ...message, type: 'response' }, { ...message, payload: {} }, {}]) {
      expect(fromJson.safeParse(value).success).toBe(AssignmentMessage.safeParse(value).success);
    }
  });

  test.each(Object.entries(messageSchemas))('%s is plain JSON in draft 2020-12', (_name, schema) => {
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' });
  });

  test('requires the fields of the guide', () => {
    expect(messageSchemas.assignment.required).toEqual(['message_id', 'type', 'sender', 'receiver', 'timestamp', 'payload', 'metadata']);
  });
});

test('a start needs a type or a definition, not both and not neither', () => {
  const check = (body: unknown): boolean => StartWorkflowBody.safeParse(body).success;
  expect([{ type: 'a' }, { definition: {} }, { type: 'a', version: 'latest', params: { a: [1] } }].map(check)).toEqual([true, true, true]);
  expect([{}, { type: 'a', definition: {} }, { type: 'a', version: 0 }, { type: 'a', colour: 1 }].map(check)).toEqual([false, false, false, false]);
});

test('a control takes what it needs and nothing else: who asks stands in no body', () => {
  const check = (name: ControlName, body: unknown): boolean => controlBodies[name].safeParse(body).success;
  const names = Object.keys(controlBodies) as ControlName[];
  expect(names).toEqual(['pause', 'resume', 'cancel', 'terminate', 'retry', 'rerun', 'restart']);
  expect(names.filter((name) => check(name, {}))).toEqual(names.filter((name) => name !== 'rerun'));
  expect(names.filter((name) => check(name, { by: 'mallory' }))).toEqual([]);
  expect([check('cancel', { grace_ms: 0 }), check('rerun', { from: 'enrich[3]' }), check('restart', { workflow_id: 'wf_2' })]).toEqual([true, true, true]);
  expect([check('cancel', { grace_ms: -1 }), check('rerun', { from: '' })]).toEqual([false, false]);
});

test('a limit of none is not a limit of zero', () => {
  expect([null, 1, 0, undefined].map((concurrency) => CapabilityBody.safeParse({ concurrency }).success)).toEqual([true, true, false, false]);
});

describe('the environment', () => {
  test('BATON_EVICTING_REDIS is refuse or accept', () => {
    expect(parseEnvironment(Environment, { BATON_EVICTING_REDIS: 'accept' }).BATON_EVICTING_REDIS).toBe('accept');
    expect(() => parseEnvironment(Environment, { BATON_EVICTING_REDIS: 'yes' })).toThrow('must be one of refuse, accept');
  });

  test('has a default for everything; what is empty counts as not given', () => {
    expect(parseEnvironment(Environment, { BATON_HOST: '', OTHER: 'x' })).toEqual({
      BATON_REDIS_URL: 'redis://127.0.0.1:6379',
      BATON_PREFIX: '{baton:0}',
      BATON_SHARDS: 1,
      BATON_EVICTING_REDIS: 'refuse',
      BATON_BLOBS: { kind: 'redis' },
      BATON_GRACE_MS: 15_000,
      BATON_HOST: '127.0.0.1',
      BATON_LOG_LEVEL: 'info',
      BATON_LOG_FORMAT: 'auto',
    });
  });

  test('most of the grace time is for what is in hand', () => {
    expect([finishMsOf(15_000), finishMsOf(1)]).toEqual([10_000, 1]);
  });

  test('a port for metrics is one, or off', () => {
    const ports = ['0', '7401', 'off', '', 'on', '-1', '65536'].map((text) => MetricsPort.safeParse(text));
    expect(ports.map(({ success, data }) => (success ? data : 'refused'))).toEqual([0, 7_401, 'off', 0, 'refused', 'refused', 'refused']);
    const messages = ports.flatMap(({ error }) => error?.issues[0]?.message ?? []);
    expect(new Set(messages)).toEqual(new Set(['must be a port from 0 (any free one) to 65535, or off']));
  });

  test('is refused as a whole, with every variable that is wrong, and without showing the values', () => {
    const wrong = { BATON_REDIS_URL: 'http://u:hunter2@h', BATON_PREFIX: 'baton', BATON_LOG_LEVEL: 'loud' };
    const refuse = () => parseEnvironment(Environment, wrong);
    expect(refuse).toThrow(EnvironmentError);
    expect(refuse).toThrow(/BATON_REDIS_URL[^]*BATON_PREFIX[^]*BATON_LOG_LEVEL/);
    expect(refuse).not.toThrow(/hunter2/);
  });
});
