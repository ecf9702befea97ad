/**
 * A subtask as text: its JSON without what goes without saying, since a record of so many subtasks is most of what a workflow takes in Redis. No generation
 * is the first one, no attempt is the first one. What an agent settled says `by` whom and its four `times`: assigned, then started, finished and
 * settled in milliseconds after that.
 */
import type { CompletedSubtask, Execution, FailedSubtask, Subtask } from '@baton/core';
import { parse } from './stored-json.ts';

type Settled = CompletedSubtask | FailedSubtask;
type Times = readonly [assignedAt: number, started: number, finished: number, settled: number];

interface Short extends Partial<Pick<Execution, 'attempt' | 'usage'>> {
  readonly generation?: number;
  readonly by?: string;
  readonly times?: Times;
}

export function subtaskText(subtask: Subtask): string {
  const { generation, ...rest } = isByAgent(subtask) ? shortOf(subtask) : subtask;
  return JSON.stringify(generation === 0 ? rest : { ...rest, generation });
}

export function subtaskOf(text: string): Subtask {
  const { generation = 0, by, attempt = 1, times, usage, ...rest } = parse(text) as Short;
  if (by === undefined || times === undefined) return { ...rest, generation } as Subtask;
  const [assignedAt, started, finished, settled] = times;
  const execution = { agent: by, attempt, startedAt: assignedAt + started, finishedAt: assignedAt + finished, ...(usage && { usage }) };
  return { ...rest, generation, assignedAt, settledAt: assignedAt + settled, execution } as Subtask;
}

type ByAgent = Settled & { readonly execution: Execution; readonly assignedAt: number };

function isByAgent(subtask: Subtask): subtask is ByAgent {
  return 'execution' in subtask && subtask.execution !== undefined && subtask.assignedAt !== null;
}

function shortOf({ execution: { agent, attempt, startedAt, finishedAt, usage }, assignedAt, settledAt, ...rest }: ByAgent): Short {
  const times: Times = [assignedAt, startedAt - assignedAt, finishedAt - assignedAt, settledAt - assignedAt];
  return { ...rest, by: agent, ...(attempt !== 1 && { attempt }), times, ...(usage && { usage }) };
}
