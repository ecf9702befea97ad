/** A subtask without a reply for too long: what its job says decides. The job is the truth about execution. */
import type { Draft } from './draft.ts';
import { nodeOf } from './draft.ts';
import { limits } from './limits.ts';
import type { JobFacts } from './ports.ts';
import { assign, current, fail, nextCheckAt, settle, ttlMs } from './progress.ts';

export function check(
  draft: Draft,
  { subtaskId, generation, facts }: { readonly subtaskId: string; readonly generation: number; readonly facts: JobFacts },
): void {
  const subtask = current(draft, subtaskId, generation);
  if (subtask === null) return;
  const node = nodeOf(draft, subtaskId);
  const age = draft.now - subtask.assignedAt;

  if (facts.state === 'completed' && facts.report !== null) return settle(draft, facts.report);
  if (facts.state === 'completed')
    return fail(draft, subtaskId, { code: 'INVALID_REPLY', message: 'The agent completed the job without a reply that can be read.' });
  if (facts.state === 'failed') return fail(draft, subtaskId, { code: 'AGENT_LOST', message: `The queue gave the job up: ${facts.reason}` });
  if (age >= node.timeout_ms) return fail(draft, subtaskId, { code: 'SUBTASK_TIMEOUT', message: `The subtask was not done within ${node.timeout_ms} ms.` });
  if (facts.state !== 'active' && facts.state !== 'delayed' && age >= ttlMs(node)) {
    return fail(draft, subtaskId, { code: 'ASSIGNMENT_EXPIRED', message: `No agent for ${node.capability} took the assignment within ${ttlMs(node)} ms.` });
  }
  if (facts.state !== 'missing') return void draft.deadlines.set(subtaskId, nextCheckAt(draft, subtaskId, subtask.assignedAt));
  if (generation >= limits.generationsMax) return fail(draft, subtaskId, { code: 'DISPATCH_LOST', message: `The job was lost ${generation + 1} times.` });
  assign(draft, subtaskId, generation + 1);
}
