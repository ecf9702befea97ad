/** What a workload comes to where nothing ever goes wrong: the same engine over a store, a queue and agents in memory, in virtual time. */
import type { Json, WorkflowStatus } from '@baton/core';
import { runWorkflow, startTestWorkflow, type TestHandler, type TestRun } from '@baton/testkit';
import { createHandlers, type Given } from './handlers.ts';
import { childType, type Workload } from './templates.ts';

export interface Ending {
  readonly status: WorkflowStatus;
  readonly result: Json | undefined;
  readonly errorCode: string | undefined;
}

const handlers = createHandlers({ effect: async () => {}, asked: () => {}, kept: () => {}, work: async () => {}, isUnruly: () => false });
const agents = Object.fromEntries(
  Object.entries(handlers).map(([name, handler]): [string, TestHandler] => [
    name,
    (input, context) => (handler as (input: unknown, given: Given) => Promise<never>)(filled(input), context),
  ]),
);

/** What the schema of the agents fills in. */
function filled(input: unknown): unknown {
  return { ms: 0, fails: 0, isBroken: false, ...(input as object) };
}

export interface Model {
  expected(workload: Workload): Promise<Ending>;
}

export function createModel(): Model {
  const known = new Map<string, Promise<Ending>>();
  return {
    expected(workload) {
      const { definition, params, approves, sends } = workload;
      const key = JSON.stringify([definition.name, params, approves, sends]);
      const ending = known.get(key) ?? run(workload);
      known.set(key, ending);
      return ending;
    },
  };
}

async function run(workload: Workload): Promise<Ending> {
  const { definition, params, approves, sends, isCancelled = false } = workload;
  const options = {
    params,
    agents,
    types: [childType],
    ...(approves && { answers: { [approves.subtaskId]: { by: approves.by, value: approves.value } } }),
    ...(sends && { signals: { [sends.name]: sends.payload } }),
  };
  if (!isCancelled) return endingOf(await runWorkflow(definition, options));
  const workflow = await startTestWorkflow(definition, options);
  await workflow.settle();
  await workflow.cancel();
  return endingOf(await workflow.end());
}

function endingOf({ status, result, error }: TestRun): Ending {
  return { status, result, errorCode: error?.code };
}
