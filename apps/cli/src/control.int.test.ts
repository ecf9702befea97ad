/** People at work on running workflows: each command as a process, against a real API, orchestrator, agent and Redis. */
import { fileURLToPath } from 'node:url';
import { type BatonClient, createClient } from '@baton/client';
import { ApprovalListView, CapabilityListView, CapabilityView, ControlView, WhyView } from '@baton/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { killBatons, baton as run, startBaton } from './fixture/baton.ts';
import { type Stack, startStack } from './fixture/stack.ts';

const workflows = fileURLToPath(new URL('./fixture/controlled.ts', import.meta.url));
let stack: Stack;
let client: BatonClient;

const baton = (...words: string[]) => run(stack.apiUrl, ...words);
const json = async (...words: string[]) => JSON.parse((await baton(...words, '--json')).out) as unknown;
const soon = <Found>(look: () => Promise<Found>): Promise<Found> => vi.waitFor(look, { timeout: 15_000, interval: 50 });
const until = (id: string, subtask: string, state: object) =>
  soon(async () => expect((await client.get(id)).subtasks).toContainEqual(expect.objectContaining({ subtask_id: subtask, ...state })));
/** The handler itself says so: from then on it hears a release. */
const untilAtWork = (id: string) => until(id, 'wait', { status: 'running', progress: { percent: 50, message: 'waiting for the test' } });
const reasons = async (id: string) => (await client.why(id)).reasons.map(({ subtask_id, reason }) => [subtask_id, reason]);

beforeAll(async () => {
  stack = await startStack();
  client = createClient({ baseUrl: stack.apiUrl });
  const { err } = await baton('type', 'register', workflows);
  if (err !== '') throw new Error(err);
});
afterEach(killBatons);
afterAll(() => stack?.stop());

test('pause: what runs finishes, nothing new begins, why says so; resume goes on', async () => {
  await client.start({ workflow_id: 'p', type: 'held' });
  await untilAtWork('p');
  expect(await baton('workflow', 'pause', 'p')).toEqual({ exitCode: 0, out: 'p  paused\n', err: '' });
  expect(await baton('workflow', 'pause', 'p')).toEqual({ exitCode: 0, out: 'p  paused\n', err: 'unchanged: The workflow is paused.\n' });
  stack.release();
  await until('p', 'wait', { status: 'completed' });
  expect(await baton('workflow', 'why', 'p')).toEqual({ exitCode: 0, out: 'after  paused  the workflow was paused by anonymous@loopback\n', err: '' });
  expect((await baton('workflow', 'describe', 'p')).out).toMatch(/^held@1 {2}p {2}paused {2}.*by anonymous@loopback, .* ago\n/);
  expect(ControlView.parse(await json('workflow', 'resume', 'p'))).toEqual({ workflow_id: 'p', status: 'running', outcome: 'applied' });
  expect(await baton('workflow', 'result', 'p', '--wait')).toMatchObject({ exitCode: 0, out: '1\n' });
  expect(await baton('workflow', 'why', 'p')).toMatchObject({ exitCode: 0, out: '', err: 'p has ended completed: nothing in it waits.\n' });
  expect(await baton('workflow', 'pause', 'p')).toMatchObject({ exitCode: 2, err: expect.stringContaining('it must be running or waiting') });
});

test('an approval: shown, waited for, answered by two; the edit is the value', async () => {
  await client.start({ workflow_id: 'a', type: 'asked' });
  const watching = startBaton(stack.apiUrl, 'workflow', 'describe', 'a', '--watch');
  await vi.waitFor(() => expect(watching.out()).toMatch(/ok +waiting +for an approval until/), { timeout: 15_000 });
  expect((await baton('workflow', 'approvals', 'a')).out).toMatch(/^ok {2}2 of ana, bo {2}asked .*\n {2}value {2}a title\n$/);
  expect(ApprovalListView.parse(await json('workflow', 'approvals', 'a')).approvals).toMatchObject([{ subtask_id: 'ok', tokens: { ana: expect.any(String) } }]);
  expect((await baton('workflow', 'why', 'a')).out).toMatch(/^ok +awaiting_approval +waits for an approval until .*\nafter +deps +waits for ok\n$/);

  expect(await baton('workflow', 'approve', 'a', 'ok', '--as', 'eve')).toMatchObject({
    exitCode: 2,
    err: expect.stringContaining('none of the approvers of "ok": ana, bo'),
  });
  expect(await baton('workflow', 'approve', 'a', 'no', '--as', 'ana')).toMatchObject({ exitCode: 2, err: expect.stringContaining('Open: ok.') });
  expect(await baton('workflow', 'approve', 'a', 'ok', '--as', 'ana', '--token', 'wrong')).toMatchObject({
    exitCode: 2,
    err: expect.stringContaining('The token is not'),
  });

  expect(await baton('workflow', 'approve', 'a', 'ok', '--as', 'ana', '--comment', 'fine')).toEqual({ exitCode: 0, out: 'a  waiting\n', err: '' });
  expect(await baton('workflow', 'approve', 'a', 'ok', '--as', 'ana')).toMatchObject({ exitCode: 0, err: 'unchanged: It was so already.\n' });
  expect((await baton('workflow', 'approvals', 'a')).out).toContain('  ✓ ana: fine\n');
  expect(await baton('workflow', 'approve', 'a', 'ok', '--as', 'bo', '--value', '{"title": "better"}')).toMatchObject({ exitCode: 0 });
  expect(await watching.ended).toMatchObject({ exitCode: 0, out: expect.stringMatching(/title +better[^]*✓ completed in/) });
  expect(await baton('workflow', 'approvals', 'a')).toMatchObject({ exitCode: 0, out: '', err: 'No approval of a is open.\n' });
});

test('a rejection fails it', async () => {
  await client.start({ workflow_id: 'r', type: 'asked' });
  expect(await baton('workflow', 'reject', 'r', 'ok', '--as', 'bo', '--comment', 'wrong month')).toMatchObject({
    exitCode: 0,
    out: expect.stringMatching(/^r {2}(failed|waiting)\n$/),
  });
  expect(await baton('workflow', 'result', 'r', '--wait')).toMatchObject({ exitCode: 1, err: expect.stringContaining('Rejected by bo (wrong month)') });
});

test('cancel tells the handler; retry goes on; rerun does a step anew; restart is another workflow', async () => {
  await client.start({ workflow_id: 'c', type: 'held' });
  await untilAtWork('c');
  expect(await baton('workflow', 'cancel', 'c', '--grace', '0s')).toEqual({ exitCode: 0, out: 'c  cancelled\n', err: '' });
  expect(await stack.agent.saw('told_to_stop')).toMatchObject({ workflow_id: 'c', code: 'WORKFLOW_CANCELLED' });
  expect(await baton('workflow', 'result', 'c')).toMatchObject({ exitCode: 1, err: expect.stringContaining('⊘ cancelled: Cancelled by anonymous@loopback.') });

  expect((await baton('workflow', 'retry', 'c')).out).toBe('c  running\n');
  await untilAtWork('c');
  stack.release();
  expect(await baton('workflow', 'result', 'c', '--wait')).toMatchObject({ exitCode: 0, out: '1\n' });

  expect(await baton('workflow', 'rerun', 'c', '--from', 'nobody')).toMatchObject({ exitCode: 2, err: expect.stringContaining('there are: wait, after') });
  expect(ControlView.parse(await json('workflow', 'rerun', 'c', '--from', 'after'))).toMatchObject({ workflow_id: 'c', outcome: 'applied' });
  expect(await baton('workflow', 'result', 'c', '--wait')).toMatchObject({ exitCode: 0, out: '1\n' });
  expect((await client.get('c')).subtasks).toMatchObject([{ generation: 1 }, { generation: expect.any(Number) }]);

  expect(await baton('workflow', 'restart', 'c', '--id', 'c2')).toEqual({ exitCode: 0, out: 'c2\n', err: '' });
  expect(await baton('workflow', 'restart', 'c', '--id', 'c2')).toMatchObject({
    exitCode: 0,
    out: 'c2\n',
    err: expect.stringContaining('nothing new was started'),
  });
  expect((await baton('workflow', 'describe', 'c2')).out).toContain('restart of c\n');
  expect(await baton('workflow', 'terminate', 'c2')).toMatchObject({ exitCode: 0, out: 'c2  cancelled\n' });
});

test('a signal: what it carries is the result', async () => {
  await client.start({ workflow_id: 's', type: 'signalled' });
  expect((await baton('workflow', 'why', 's')).out).toMatch(/^paid +awaiting_signal +waits for the signal "paid"/);
  expect(await baton('workflow', 'signal', 's', 'paid', '--payload', '{"amount": 12}', '--id', 'payment-17')).toMatchObject({ exitCode: 0, err: '' });
  expect(await baton('workflow', 'result', 's', '--wait')).toMatchObject({ exitCode: 0, out: 'amount  12\n' });
});

test('a map is one line in the table, and as many as it has items with --parts', async () => {
  await client.start({ workflow_id: 'm', type: 'items' });
  await client.result('m', { waitMs: 15_000 });
  const folded = await baton('workflow', 'describe', 'm');
  expect(folded.out).toMatch(/✓ {2}each .*3\/3\n/);
  expect(folded.out).not.toContain('each[0]');
  expect((await baton('workflow', 'describe', 'm', '--parts')).out).toMatch(/✓ {2}each [^]*✓ {4}each\[0\][^]*✓ {4}each\[2\]/);
});

describe('capability', () => {
  test('list: who is there and what waits; nobody is a reason', async () => {
    await client.start({ workflow_id: 'n', type: 'alone' });
    await soon(async () => expect(await reasons('n')).toEqual([['only', 'no_agent']]));
    expect(WhyView.parse(await json('workflow', 'why', 'n')).reasons).toMatchObject([{ reason: 'no_agent', facts: { capability: 'test.nobody' } }]);
    const { out } = await baton('capability', 'list');
    expect(out).toMatch(/^CAPABILITY +AGENTS +RUNNING +QUEUED +LIMIT\n[^]*test\.echo +1 +0 +0 +none\n[^]*test\.nobody +0 +0 +1 +none\n/);
    expect(CapabilityListView.parse(await json('capability', 'list')).capabilities.map(({ name }) => name)).toContain('test.wait');
    await client.terminate('n');
  });

  test('limit: holds for what comes, says so, and goes', async () => {
    expect(await baton('capability', 'limit', 'test.wait', '1')).toEqual({ exitCode: 0, out: 'test.wait  at most 1 at a time\n', err: '' });
    await client.start({ workflow_id: 'l1', type: 'held' });
    await untilAtWork('l1');
    await client.start({ workflow_id: 'l2', type: 'held' });
    await soon(async () => expect((await reasons('l2'))[0]).toEqual(['wait', 'concurrency_limit']));
    expect(CapabilityView.parse(await json('capability', 'limit', 'test.wait', 'none'))).toMatchObject({ concurrency: null });
    await untilAtWork('l2');
    stack.release();
    for (const id of ['l1', 'l2']) expect(await baton('workflow', 'result', id, '--wait')).toMatchObject({ exitCode: 0 });
    expect((await baton('capability', 'limit', 'test.slip', '1')).err).toContain('No agent for test.slip is alive');
  });
});

test.each<[words: string[], err: string]>([
  [['workflow', 'pause', 'nope'], 'There is no workflow "nope"'],
  [['workflow', 'why', 'nope'], 'There is no workflow "nope"'],
  [['workflow', 'approvals', 'nope'], 'There is no workflow "nope"'],
  [['workflow', 'cancel', 'nope', '--grace', 'soon'], 'like 10s, 500ms, 2m or 1h'],
  [['workflow', 'rerun', 'nope'], '--from <step>'],
  [['workflow', 'approve', 'nope', 'ok'], '--as <name>'],
  [['workflow', 'signal', 'nope'], "missing required argument 'name'"],
  [['capability', 'limit', 'test.wait', '0'], 'a number from 1 to 999999, or none'],
])('bad input: baton %j', async (words, err) => {
  const ran = await baton(...words);
  expect([ran.exitCode, ran.out]).toEqual([2, '']);
  expect(ran.err).toContain(err);
});

test('type limit: how many may be active; a start beyond that is refused with 5 and the mend', async () => {
  await client.start({ type: 'held' });
  expect(await baton('type', 'limit', 'held', '1')).toMatchObject({
    exitCode: 0,
    out: expect.stringMatching(/^held {2}at most 1 active {2}\d+ active now\n$/),
    err: '',
  });
  // Who starts workflows hears of it within a second.
  const refused = await soon(async () => {
    const ran = await baton('workflow', 'start', 'held');
    expect(ran.exitCode).toBe(5);
    return ran;
  });
  expect(refused).toMatchObject({ err: expect.stringMatching(/^error: 1 workflows of held may be active .*baton type limit held/) });
  expect((await baton('type', 'list')).out).toMatch(/held +1 +\d+ of 1\n/);
  expect((await baton('type', 'describe', 'held')).out).toContain('At most 1 workflows of it');
  expect(await json('type', 'limit', 'held', 'none')).toMatchObject({ max_active: null });
  expect((await baton('type', 'limit', 'hled', '3')).err).toContain('No type hled is registered');
  expect(await baton('type', 'limit', 'held', 'many')).toMatchObject({ exitCode: 2, err: expect.stringContaining('"many" is not a limit') });
});
