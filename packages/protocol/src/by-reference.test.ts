/** Messages by reference: what an old reader makes of one, what is refused, and where the environment says that payloads are. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  assignmentMessage,
  byReferenceIn,
  Environment,
  messageSchemas,
  parseAssignment,
  parseEnvironment,
  parseReply,
  referableIn,
  replyMessage,
  SentReply,
  sentByReference,
  withValue,
} from './index.ts';
import { AssignmentMessage } from './message.ts';

const assignment = assignmentMessage(
  {
    workflowId: 'wf_1',
    workflowType: 't@1',
    partition: 3,
    subtaskId: 'fetch',
    generation: 0,
    capability: 'data.fetch',
    parameters: { rows: 'long', few: 1 },
    parametersBytes: 24,
    repair: { problems: [], previousOutput: 'long, too' },
    retry: { attempts: 3, backoffMs: 1, backoffMsMax: 1, jitter: 0 },
    attemptTimeoutMs: 1_000,
    ttlMs: 1_000,
    issuedAt: Date.UTC(2026, 2, 2),
  },
  'wf_1~fetch~0',
);
const execution = { agent: 'a-1', attempt: 1, startedAt: Date.UTC(2026, 2, 2), finishedAt: Date.UTC(2026, 2, 2) };
const reply = replyMessage(assignment, { outcome: { status: 'completed', result: 'long', contextUpdate: { a: 1 } }, execution });
const sha256 = 'ab'.repeat(32);
const by = (value: z.core.util.JSONType, blob: object = {}) => ({ value, blobs: [{ at: ['parameters', 'rows'], sha256, bytes: 40_000, ...blob }] });
const sent = sentByReference(assignment, 'request', by({ parameters: { rows: null, few: 1 } }));

test('what may go out of line stands beside what says where it belongs, and comes back to where it was', () => {
  expect(referableIn(assignment, 'request')).toEqual({ parameters: assignment.payload.parameters, repair: assignment.payload.repair });
  expect(referableIn(reply, 'response')).toEqual({ result: 'long', context_update: { a: 1 } });
  expect(sent).toMatchObject({ payload: { operation: 'data.fetch' }, metadata: assignment.metadata });
  expect(byReferenceIn(sent)).toEqual(by({ parameters: { rows: null, few: 1 } }));
  expect(withValue(sent, referableIn(assignment, 'request'))).toEqual(assignment);
});

test('who knows no references refuses the message, instead of working on half of it', () => {
  expect(AssignmentMessage.safeParse(sent).success).toBe(false);
  const answered = sentByReference(reply, 'response', by({ result: null }));
  expect(parseReply(JSON.stringify(answered))).toMatchObject({ ok: false, problems: [{ path: '/payload/result' }] });
});

test('who knows them reads all but the parameters before those are brought', () => {
  expect(parseAssignment(sent)).toMatchObject({ ok: true, value: { payload: { operation: 'data.fetch', parameters: {} }, metadata: { workflow_id: 'wf_1' } } });
  expect(SentReply.safeParse(sentByReference(reply, 'response', by({ result: null }))).success).toBe(true);
});

test.each<[what: string, message: unknown]>([
  ['no message', null],
  ['a message without a payload', {}],
  ['one that has nothing out of line', assignment],
  ['a hash that is none', sentByReference(assignment, 'request', by({}, { sha256: '../../secret' }))],
  ['no bytes', sentByReference(assignment, 'request', by({}, { bytes: 0 }))],
  ['more bytes than there may be', sentByReference(assignment, 'request', by({}, { bytes: 16 * 1024 * 1024 + 1 }))],
  [
    'more bytes than there may be in all',
    sentByReference(assignment, 'request', { value: null, blobs: Array.from({ length: 3 }, () => ({ at: [], sha256, bytes: 6_000_000 })) }),
  ],
])('%s has no references', (_what, message) => {
  expect(byReferenceIn(message)).toBeNull();
});

test('the exported schemas say both forms', () => {
  const fromJson = z.fromJSONSchema(messageSchemas.assignment);
  expect([assignment, sent, { ...assignment, payload: { operation: 'x' } }].map((message) => fromJson.safeParse(message).success)).toEqual([true, true, false]);
});

describe('BATON_BLOBS', () => {
  const parse = (text: string) => parseEnvironment(Environment, { BATON_BLOBS: text }).BATON_BLOBS;

  test.each([
    ['redis', { kind: 'redis' }],
    ['', { kind: 'redis' }],
    ['dir:/var/lib/baton blobs', { kind: 'directory', path: '/var/lib/baton blobs' }],
    ['s3://my-bucket', { kind: 's3', bucket: 'my-bucket', keyPrefix: '' }],
    ['s3://my-bucket/a/b/?region=eu-central-1', { kind: 's3', bucket: 'my-bucket', keyPrefix: 'a/b/', region: 'eu-central-1' }],
    [
      's3://my-bucket/x?endpoint=http://127.0.0.1:9000',
      { kind: 's3', bucket: 'my-bucket', keyPrefix: 'x/', endpoint: 'http://127.0.0.1:9000', region: 'us-east-1' },
    ],
  ])('%s', (text, place) => {
    expect(parse(text)).toEqual(place);
  });

  test.each([
    ['memory', /must be redis, dir:\/a\/path, or s3:/],
    ['dir:relative', /must be absolute/],
    ['s3://key:hunter2@my-bucket', /no credentials/],
    ['s3://my-bucket?endpoint=http://key:hunter2@host', /without credentials/],
    ['s3://my-bucket?endpoint=host', /endpoint must be a URL/],
    ['s3://my-bucket?retention=1', /no other options/],
    ['s3://B', /3 to 63/],
    ['s3:', /must be redis/],
  ])('%s is refused, and not shown', (text, message) => {
    const refuse = () => parse(text);
    expect(refuse).toThrow(message);
    expect(refuse).not.toThrow(/hunter2/);
  });
});
