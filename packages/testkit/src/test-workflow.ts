/**
 * Workflows in tests, without Redis and without waiting: time is virtual and goes straight to what comes next, agents are functions or mocks, and
 * faults are injected by capability. Everything else is what runs in production: the same decisions, retries, fallbacks, timeouts and records.
 */
import type { Answer, Answered, DefinitionInput, Failure, Json, JsonObject, RecordedEvent, Subtask, Waiting, WorkflowStatus } from '@baton/core';
import type { Fault } from './fault.ts';
import type { Call, TestHandler } from './test-agents.ts';
import { createTestWorld, type TestWorld } from './test-world.ts';

/** A definition, or the builder that makes one. */
export type Definable = DefinitionInput | { readonly definition: DefinitionInput };
export type ScriptedAnswer = Partial<Omit<Answer, 'at'>>;

export interface TestWorkflowOptions {
  readonly params?: JsonObject;
  /** By capability: a handler, a mock, or null where nobody is to serve it. */
  readonly agents?: Readonly<Record<string, TestHandler | null>>;
  readonly faults?: Readonly<Record<string, Fault | readonly Fault[]>>;
  /** Other types that steps of this one start. */
  readonly types?: readonly Definable[];
  /** What people answer to approvals, by the approval's id, as soon as it waits. Without a decision: approve. */
  readonly answers?: Readonly<Record<string, ScriptedAnswer | readonly ScriptedAnswer[]>>;
  /** Signals that come at once, by name. */
  readonly signals?: Readonly<Record<string, Json>>;
  /** When it starts, in ms since the epoch; the beginning of 2026 if nothing is said. */
  readonly now?: number;
  readonly id?: string;
  /** Lets the queue run what follows on its own where that makes no difference, as deployments do unless `BATON_TREES=off`. Without a word: true. */
  readonly trees?: boolean;
}

/** How far a workflow has come. */
export interface TestRun {
  readonly status: WorkflowStatus;
  readonly result: Json | undefined;
  readonly error: Failure | undefined;
  /** By id, parts of maps, loops and plans included; what has not been touched is missing. */
  readonly subtasks: Readonly<Record<string, Subtask>>;
  /** Everything that was recorded, in order. */
  readonly events: readonly RecordedEvent[];
  /** Ids of subtasks, in the order in which agents began them; one that was tried again stands there again. */
  readonly order: readonly string[];
  /** Virtual time from the start. */
  readonly elapsedMs: number;
  /** What agents of the capability were asked, attempt by attempt. */
  calls(capability: string): readonly Call[];
}

export interface TestWorkflow {
  readonly id: string;
  /** As far as it goes without people, signals, and somebody who resumes it. */
  settle(): Promise<TestRun>;
  /** To its end: whatever is waited for runs out of time. */
  end(): Promise<TestRun>;
  /** So much time passes, with everything that happens in it. */
  advance(ms: number): Promise<TestRun>;
  /** What it has come to. */
  look(): Promise<TestRun>;
  approve(subtaskId: string, answer?: ScriptedAnswer): Promise<Answered>;
  reject(subtaskId: string, answer?: ScriptedAnswer): Promise<Answered>;
  signal(name: string, payload?: Json): Promise<Answered>;
  pause(): Promise<Answered>;
  resume(): Promise<Answered>;
  cancel(graceMs?: number): Promise<Answered>;
  terminate(): Promise<Answered>;
  retry(): Promise<Answered>;
  rerun(from: string): Promise<Answered>;
  /** Why it waits, subtask by subtask. */
  why(): Promise<readonly Waiting[]>;
}

/**
 * Runs a workflow to its end.
 *
 * @example
 * const primary = mockAgent().fails();
 * const run = await runWorkflow(definition, { agents: { 'query.primary': primary, 'query.backup': () => 'fallback_success' } });
 * expect(run.result).toEqual({ query: 'fallback_success' });
 * expect(primary.calls).toHaveLength(3);
 *
 * @throws if the definition or the params are refused, or if a capability that is asked for is not in `agents`
 */
export async function runWorkflow(definition: Definable, options: TestWorkflowOptions = {}): Promise<TestRun> {
  return await (await startTestWorkflow(definition, options)).end();
}

/**
 * Starts a workflow and leaves it to the test how it goes on.
 *
 * @example
 * const workflow = await startTestWorkflow(definition, { agents });
 * await workflow.settle(); // up to the approval
 * await workflow.approve('review', { by: 'ann' });
 * expect((await workflow.end()).status).toBe('completed');
 */
export async function startTestWorkflow(definition: Definable, options: TestWorkflowOptions = {}): Promise<TestWorkflow> {
  const {
    agents = {},
    faults = {},
    types = [],
    params = {},
    signals = {},
    answers = {},
    id = 'test',
    now: startMs = Date.UTC(2026, 0, 1),
    trees = true,
  } = options;
  const world = createTestWorld({ agents, faults, startMs, trees });
  const { engine } = world;
  for (const type of types) accepted(await engine.register(documentOf(type)), ['registered', 'existing']);
  accepted(await engine.start({ workflowId: id, definition: documentOf(definition) as unknown as Json, params, caller: 'test' }), ['created']);
  let sent = 0;
  const workflow = createTestWorkflow(world, { id, startMs, answers: { ...answers }, nextSignal: () => `signal-${(sent += 1)}` });
  for (const [name, payload] of Object.entries(signals)) await workflow.signal(name, payload);
  return workflow;
}

interface Given {
  readonly id: string;
  readonly startMs: number;
  readonly answers: Record<string, ScriptedAnswer | readonly ScriptedAnswer[]>;
  readonly nextSignal: () => string;
}

function createTestWorkflow(world: TestWorld, { id, startMs, answers, nextSignal }: Given): TestWorkflow {
  const { engine, store } = world;

  async function look(): Promise<TestRun> {
    const workflow = await store.load(id);
    if (workflow === null) throw new Error(`The workflow ${id} is gone: its retention is over.`);
    const { state, subtasks } = workflow;
    const own = world.calls.filter(({ workflowId }) => workflowId === id);
    return {
      status: state.status,
      result: state.status === 'completed' ? state.result : undefined,
      error: 'error' in state ? state.error : undefined,
      subtasks: Object.fromEntries(subtasks),
      events: world.events.get(id) ?? [],
      order: own.map(({ subtaskId }) => subtaskId),
      elapsedMs: ('endedAt' in state ? state.endedAt : world.now()) - startMs,
      calls: (capability) => world.calls.filter((call) => call.capability === capability),
    };
  }

  /** The approvals that wait and that the test has an answer for. */
  async function answerScripted(): Promise<boolean> {
    for (const [subtaskId, given] of Object.entries(answers)) {
      const found = await findApproval(subtaskId);
      if (found?.isWaiting !== true) continue;
      delete answers[subtaskId];
      for (const each of [given].flat()) await answer(subtaskId, { decision: 'approve', ...each });
      return true;
    }
    return false;
  }

  async function findApproval(subtaskId: string) {
    for (const workflowId of [id, ...[...world.events.keys()].filter((other) => other !== id)]) {
      const approval = (await engine.approvals(workflowId))?.find((each) => each.subtaskId === subtaskId);
      if (approval !== undefined) return { workflowId, ...approval };
    }
    return null;
  }

  async function answer(subtaskId: string, given: ScriptedAnswer & Pick<Answer, 'decision'>): Promise<Answered> {
    const approval = await findApproval(subtaskId);
    if (approval === null) return { outcome: 'refused', message: `There is no approval "${subtaskId}" to answer.` };
    const open = Object.keys(approval.tokens).find((who) => who !== '*' && !approval.answers.some(({ by }) => by === who));
    const by = given.by ?? open ?? 'tester';
    const token = approval.tokens[by] ?? approval.tokens['*'] ?? '';
    return answeredOf(await engine.answer(approval.workflowId, subtaskId, { ...given, by, token }));
  }

  /** @param until when to stop, as far as time is concerned; null: never */
  async function run(until: number | null, isDone: (run: TestRun) => Promise<boolean>): Promise<TestRun> {
    for (;;) {
      await world.workOff();
      if (await answerScripted()) continue;
      const seen = await look();
      if (await isDone(seen)) return seen;
      const next = await world.nextAt();
      if (until !== null && (next === null || next > until)) {
        world.advance(until - world.now());
        return await look();
      }
      if (next === null)
        throw new Error(`The workflow is ${seen.status}, and nothing will ever happen to it: ${JSON.stringify((await engine.why(id))?.waiting)}`);
      world.advance(Math.max(1, next - world.now()));
    }
  }

  const control = async (asked: Parameters<typeof engine.control>[1]): Promise<Answered> => answeredOf(await engine.control(id, asked, 'test'));
  return {
    id,
    look,
    settle: () => run(null, async ({ status }) => isOver(status) || (await world.isIdle())),
    end: () => run(null, async ({ status }) => isOver(status)),
    advance: (ms) => run(world.now() + ms, async () => false),
    approve: (subtaskId, given = {}) => answer(subtaskId, { ...given, decision: 'approve' }),
    reject: (subtaskId, given = {}) => answer(subtaskId, { ...given, decision: 'reject' }),
    signal: async (name, payload = null) => answeredOf(await engine.signal(id, { id: nextSignal(), name, payload, by: 'test' })),
    pause: () => control({ action: 'pause' }),
    resume: () => control({ action: 'resume' }),
    cancel: (graceMs = 0) => control({ action: 'cancel', graceMs }),
    terminate: () => control({ action: 'terminate' }),
    retry: () => control({ action: 'retry' }),
    rerun: (from) => control({ action: 'rerun', from }),
    why: async () => (await engine.why(id))?.waiting ?? [],
  };
}

function isOver(status: WorkflowStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled' || status === 'timed_out';
}

function documentOf(definable: Definable): DefinitionInput {
  return 'definition' in definable ? definable.definition : definable;
}

function answeredOf(outcome: { readonly status: 'not_found' } | ({ readonly status: 'answered' } & Answered)): Answered {
  return outcome.status === 'answered' ? outcome : { outcome: 'refused', message: 'There is no such workflow.' };
}

function accepted(outcome: { readonly status: string }, good: readonly string[]): void {
  if (!good.includes(outcome.status)) throw new Error(`It was refused: ${JSON.stringify(outcome)}`);
}
