/**
 * A subtask as text. What an agent completed is most of what there is, so it is a list: by whom, when it was assigned, started, finished and settled, its
 * result, and what else there is to say: `["data-agent-01",76,94,166,176,{"uri":"x"}]`. Times are in milliseconds after the workflow was created.
 * Anything else is its JSON, but for what goes without saying: no generation is the first one.
 */
import type { CompletedSubtask, Execution, Json, Subtask } from '@baton/core';
import { parse } from './stored-json.ts';
import type { TextOf } from './stored-payloads.ts';

type Known = 'status' | 'result' | 'assignedAt' | 'settledAt' | 'execution';
/** Absent: the first attempt, the first generation. */
type Rest = Partial<Omit<CompletedSubtask, Known> & Pick<Execution, 'attempt' | 'usage'>>;
type Done = readonly [agent: string, assigned: number, started: number, finished: number, settled: number, result: Json, rest?: Rest];

export function subtaskText(subtask: Subtask, createdAt: number, textOf: TextOf = JSON.stringify): string {
  if (subtask.status === 'completed' && subtask.execution !== undefined) return textOf(doneOf(subtask, subtask.execution, createdAt));
  const { generation, ...rest } = subtask;
  return textOf(generation === 0 ? rest : subtask);
}

export function subtaskOf(text: string, createdAt: number): Subtask {
  const stored = parse(text) as Done | Subtask;
  return isDone(stored) ? completedOf(stored, createdAt) : { ...stored, generation: stored.generation ?? 0 };
}

function isDone(stored: Done | Subtask): stored is Done {
  return Array.isArray(stored);
}

function doneOf(subtask: CompletedSubtask, { agent, attempt, startedAt, finishedAt, usage }: Execution, createdAt: number): Done {
  const { status: _status, execution: _execution, assignedAt, settledAt, result, generation, ...more } = subtask;
  const [assigned, started, finished, settled] = [assignedAt - createdAt, startedAt - createdAt, finishedAt - createdAt, settledAt - createdAt];
  const rest: Rest = { ...more, ...(generation !== 0 && { generation }), ...(attempt !== 1 && { attempt }), ...(usage && { usage }) };
  const done = [agent, assigned, started, finished, settled, result] as const;
  return Object.keys(rest).length === 0 ? done : [...done, rest];
}

function completedOf([agent, assigned, started, finished, settled, result, rest = {}]: Done, createdAt: number): CompletedSubtask {
  const { attempt = 1, usage, generation = 0, ...more } = rest;
  const execution = { agent, attempt, startedAt: createdAt + started, finishedAt: createdAt + finished, ...(usage && { usage }) };
  return { status: 'completed', generation, assignedAt: createdAt + assigned, settledAt: createdAt + settled, result, execution, ...more };
}
