/** What an assignment in a tree makes of the replies that BullMQ kept for it. */
import { type Assignment, type Binding, type Json, jsonHash, limits, type Outcome } from '@baton/core';
import { assignmentMessage, replyMessage } from '@baton/protocol';
import { exampleAssignment } from '@baton/testkit';
import { describe, expect, test } from 'vitest';
import { filledIn } from './tree-inputs.ts';

const issuedAt = Date.UTC(2026, 2, 2, 12);
const bindings: readonly Binding[] = [{ at: ['uri'], input: 'fetch', path: ['uri'], optional: false }];
const behindFetch = (change: Partial<Assignment> = {}) =>
  assignmentMessage(exampleAssignment({ subtaskId: 'clean', parameters: { uri: null }, bindings, inputs: ['fetch'], issuedAt, ...change }), 'wf_1~clean~1');

const fine: Outcome = { status: 'completed', result: { uri: 'file:///a' } };

/** The entry of an input as BullMQ keeps it: the key of its job, and what it returned. */
function entry(
  outcome: Outcome,
  { says = {}, job = 'wf_1~fetch~1', finishedAt = issuedAt + 5 }: { says?: Partial<Assignment>; job?: string; finishedAt?: number } = {},
) {
  const assignment = assignmentMessage(exampleAssignment({ issuedAt, ...says }), 'any');
  const reply = replyMessage(assignment, { outcome, execution: { agent: 'data-agent-01', attempt: 1, startedAt: issuedAt, finishedAt } });
  return [`{baton:0}:cap.data.fetch:${job}`, JSON.stringify(reply)] as const;
}

const filled = (message: ReturnType<typeof behindFetch>, ...entries: readonly (readonly [string, string])[]) => filledIn(message, Object.fromEntries(entries));

test('parameters are filled in, with what they were filled in from, and nothing else changes', () => {
  const message = behindFetch();
  expect(filled(message, entry(fine))?.assignment).toEqual({
    ...message,
    payload: { ...message.payload, parameters: { uri: 'file:///a' } },
    metadata: { ...message.metadata, built_on: { fetch: new Date(issuedAt + 5).toISOString() }, parameters_hash: jsonHash({ uri: 'file:///a' }) },
  });
});

test('it ages from when the last of its inputs was done', () => {
  const message = behindFetch({ inputs: ['fetch', 'other'] });
  const other = entry(fine, { says: { subtaskId: 'other' }, job: 'wf_1~other~1', finishedAt: issuedAt + 90_000 });
  expect(filled(message, other, entry(fine))?.agesFrom).toBe(issuedAt + 90_000);
  // A clock that is behind makes nobody older than it is.
  expect(filled(behindFetch(), entry(fine, { finishedAt: issuedAt - 1 }))?.agesFrom).toBe(issuedAt);
});

test('an input that is only waited for must be completed too', () => {
  const message = behindFetch({ parameters: {}, bindings: [] });
  expect(filled(message, entry({ status: 'completed', result: null }))?.assignment.payload.parameters).toEqual({});
  expect(filled(message, entry({ status: 'held' }))).toBeNull();
});

describe('nothing to begin with', () => {
  test.each<[what: string, entries: readonly (readonly [string, string])[]]>([
    ['no reply', []],
    ['one that failed', [entry({ status: 'failed', error: { code: 'X', message: 'x' } })]],
    ['one that is no reply', [['{baton:0}:cap.data.fetch:wf_1~fetch~1', '{"status":"completed"}']]],
    ['one that is no JSON', [['{baton:0}:cap.data.fetch:wf_1~fetch~1', 'completed']]],
    ['a result without what must be there', [entry({ status: 'completed', result: { url: 'x' } })]],
    ['more than parameters may be', [entry({ status: 'completed', result: { uri: 'x'.repeat(limits.payloadBytesMax) } })]],
    ['the reply of another subtask', [entry(fine, { says: { subtaskId: 'other' }, job: 'wf_1~other~1' })]],
    ['a reply in the name of another job', [entry(fine, { job: 'wf_1~other~1' })]],
    ['a reply in the name of another workflow', [entry(fine, { says: { workflowId: 'wf_2' } })]],
    ['a reply of another generation', [entry(fine, { says: { generation: 2 } })]],
  ])('%s', (_what, entries) => {
    expect(filled(behindFetch(), ...entries)).toBeNull();
  });
});

test('an input that names itself after another does not get in its way', () => {
  const [own, forged] = [entry(fine), entry({ status: 'completed', result: { uri: 'forged' } as Json }, { job: 'wf_1~other~1' })];
  const message = behindFetch();
  for (const entries of [
    [own, forged],
    [forged, own],
  ])
    expect(filled(message, ...entries)?.assignment.payload.parameters).toEqual({ uri: 'file:///a' });
});
