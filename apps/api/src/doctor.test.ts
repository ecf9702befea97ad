/** What the API makes of the doctor and of dead letters: bodies, pages, refusals. On a real Redis they are tested in their packages. */
import { DeadLetterDoneView, DeadLetterListView, DeadLettersReplayedView, DoctorFixView, DoctorView, type FindingView } from '@baton/protocol';
import type { DeadLetter } from '@baton/queue';
import { expect, test } from 'vitest';
import { memoryApi, noDeadLetters, noon } from './fixture/memory-api.ts';

const finding = (severity: FindingView['severity']): FindingView => ({
  code: 'memory',
  severity,
  message: 'It is so.',
  mend: severity === 'ok' ? null : 'Do this.',
  fixable: false,
});

test.each([
  [['ok', 'warning'], true],
  [['ok', 'problem'], false],
] as const)('findings %j: healthy is %s', async (severities, healthy) => {
  const findings = severities.map(finding);
  const { get } = await memoryApi({ doctor: { examine: () => Promise.resolve(findings), fix: () => Promise.reject(new Error('was asked')) } });
  const { status, body } = await get('/v1/doctor');
  expect([status, DoctorView.parse(body)]).toEqual([200, { healthy, findings }]);
});

test('a fix says what it did, and how it looks afterwards', async () => {
  let isFixed = false;
  const { post } = await memoryApi({
    doctor: {
      examine: () => Promise.resolve([finding(isFixed ? 'ok' : 'problem')]),
      async fix() {
        isFixed = true;
        return [{ code: 'memory', message: 'Did it.' }];
      },
    },
  });
  const { status, body } = await post('/v1/doctor/fix', {});
  expect([status, DoctorFixView.parse(body)]).toEqual([200, { healthy: true, findings: [finding('ok')], fixed: [{ code: 'memory', message: 'Did it.' }] }]);
});

const letter: DeadLetter = { id: '1772452800000-0', stream: 'res.data.fetch.3', at: noon, problems: [], raw: 'no rep', rawLength: 8 };

test('dead letters in pages', async () => {
  const asked: unknown[] = [];
  const { get } = await memoryApi({
    deadLetters: {
      ...noDeadLetters,
      count: () => Promise.resolve(2),
      async list(query) {
        asked.push(query);
        return { letters: [letter], hasMore: query.before === undefined };
      },
    },
  });
  const first = DeadLetterListView.parse((await get('/v1/dead-letters?limit=1')).body);
  const shown = { id: letter.id, stream: 'res.data.fetch.3', at: '2026-03-02T12:00:00.000Z', problems: [], raw: 'no rep', raw_length: 8 };
  expect(first).toEqual({ dead_letters: [shown], total: 2, next_cursor: letter.id });
  expect((await get(`/v1/dead-letters?cursor=${first.next_cursor}`)).body['next_cursor']).toBeNull();
  expect(asked).toEqual([{ limit: 1 }, { limit: 50, before: letter.id }]);
  for (const query of ['limit=0', 'limit=201', 'cursor=x', 'other=1'])
    expect(await get(`/v1/dead-letters?${query}`)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
});

test.each(['replay', 'drop'] as const)('%s: one that is there, one that is not, and what cannot be one', async (act) => {
  const { post } = await memoryApi({ deadLetters: { ...noDeadLetters, [act]: async (id: string) => id === letter.id } });
  const { status, body } = await post(`/v1/dead-letters/${letter.id}/${act}`, {});
  expect([status, DeadLetterDoneView.parse(body)]).toEqual([200, { id: letter.id }]);
  for (const id of ['1-1', 'x', '*'])
    expect(await post(`/v1/dead-letters/${id}/${act}`, {})).toMatchObject({ status: 404, body: { code: 'unknown_dead_letter' } });
});

test('replay of all says how many', async () => {
  const { post } = await memoryApi({ deadLetters: { ...noDeadLetters, replayAll: () => Promise.resolve(7) } });
  expect(DeadLettersReplayedView.parse((await post('/v1/dead-letters/replay', {})).body)).toEqual({ replayed: 7 });
});
