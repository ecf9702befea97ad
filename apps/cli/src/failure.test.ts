import { BatonApiError, BatonUnreachableError } from '@baton/client';
import { expect, test } from 'vitest';
import { reported } from './failure.ts';

const problem = (status: number, code: string) => new BatonApiError({ status, code, detail: 'A sentence.' }, { requestId: null, retryAfterMs: null });

test.each([
  ['Redis is away', problem(503, 'redis_unreachable'), 3],
  ['nobody answers', new BatonUnreachableError('http://h', null), 3],
  ['refused', problem(409, 'refused'), 2],
  ['no place now', problem(429, 'admission_refused'), 5],
  ['a bug of theirs', problem(500, 'internal_error'), 1],
])('%s', (_name, error, exitCode) => {
  expect(reported(error)).toEqual({ lines: [`error: ${error.message}`], exitCode });
});

test('a start whose answer was lost can be repeated, and says how', () => {
  const error = Object.assign(problem(503, 'redis_unreachable'), { workflowId: 'wf_1' });
  expect(reported(error)).toEqual({ lines: ['error: A sentence.', expect.stringMatching(/not known.*--id wf_1 repeats it/)], exitCode: 3 });
});
