/** The HTTP API as typed methods, for producers: in Node, in a browser, in a test. No state. */
import {
  AgentListView,
  type ApprovalBody,
  ApprovalListView,
  type CapabilityBody,
  CapabilityListView,
  CapabilityView,
  type ControlBody,
  type ControlName,
  ControlView,
  DeadLetterDoneView,
  DeadLetterListView,
  DeadLettersReplayedView,
  DoctorFixView,
  DoctorView,
  EventListView,
  RegisterTypeView,
  type SignalBody,
  type StartWorkflowBody,
  StartWorkflowView,
  WhyView,
  WorkflowListView,
  WorkflowResultView,
  type WorkflowSummaryView,
  type WorkflowTypeBody,
  WorkflowTypeLimitView,
  WorkflowTypeListView,
  WorkflowTypeView,
  WorkflowView,
} from '@baton/protocol';
import { type CallOptions, call, type Fetch } from './call.ts';
import { isPassing } from './repeat.ts';

export interface ClientOptions {
  /** Where the API listens, like `http://127.0.0.1:7400`. */
  readonly baseUrl: string;
  /** In place of the global one. */
  readonly fetch?: Fetch;
  /** How long to wait for an answer, in ms; without it 15 seconds. */
  readonly timeoutMs?: number;
  /**
   * For how long a call that failed because nobody answered, or because Redis was away, is made again where twice is once: what only asks, `start`,
   * `registerType`, `pause`, `resume`, `cancel`, `terminate`, and `signal` with an `id`. Without it 10 seconds; 0: never.
   */
  readonly repeatMs?: number;
}

export interface ListFilter {
  readonly status?: WorkflowSummaryView['status'];
  readonly type?: string;
}

/**
 * Every method throws {@link BatonApiError} where the API refuses, and {@link BatonUnreachableError} where nobody answers, for longer than
 * `repeatMs` where it may be repeated.
 */
export interface BatonClient {
  /**
   * Starts a workflow of a registered `type` or of a `definition`. With a `workflow_id` of your own it is idempotent: the same
   * request again answers what exists (`created: false`), another request under that id is refused (`conflict`). Without one it is given
   * one here, so that a start whose answer was lost can be repeated. Where that did not help, the error has it as `workflowId`. Where there
   * is no place now (`admission_refused`), the error's `retryAfterMs` says when to try again.
   */
  start(body: StartWorkflowBody): Promise<StartWorkflowView>;
  /** The workflow with its subtasks, live; without `parts` what maps, loops and plans consist of is only counted. */
  get(workflowId: string, options?: { readonly parts?: boolean }): Promise<WorkflowView>;
  /** One page, newest first. */
  list(query?: ListFilter & { readonly limit?: number; readonly cursor?: string }): Promise<WorkflowListView>;
  /** All pages, newest first. */
  listAll(filter?: ListFilter): AsyncGenerator<WorkflowSummaryView, void, undefined>;
  /**
   * The result, or the error, or the status as it stands after `waitMs` (without it: now). Wait as long as you like: a long wait
   * is many requests, each of which may be repeated for `repeatMs`.
   */
  result(workflowId: string, options?: { readonly waitMs?: number; readonly repeatMs?: number }): Promise<WorkflowResultView>;
  /** What was decided, oldest first, from after the entry `after`. */
  events(workflowId: string, options?: { readonly after?: string; readonly limit?: number }): Promise<EventListView>;
  /**
   * What may be done to a workflow. Each is idempotent: where it is so already the outcome is `unchanged`. Where it is not allowed (`refused`)
   * the error says in which states it is.
   */
  pause(workflowId: string): Promise<ControlView>;
  resume(workflowId: string): Promise<ControlView>;
  /** Handlers that run may go on for `grace_ms`, without it 10 seconds, before their signals abort. */
  cancel(workflowId: string, body?: ControlBody<'cancel'>): Promise<ControlView>;
  /** Ends it at once. */
  terminate(workflowId: string): Promise<ControlView>;
  /** From the failed steps on; what has succeeded stays. */
  retry(workflowId: string): Promise<ControlView>;
  /** A step and everything that depends on it, anew. */
  rerun(workflowId: string, body: ControlBody<'rerun'>): Promise<ControlView>;
  /** The same request from the start, as another workflow: `workflow_id` of the answer. */
  restart(workflowId: string, body?: ControlBody<'restart'>): Promise<ControlView>;
  /** One that comes early is kept. With an `id` of your own it is idempotent. */
  signal(workflowId: string, name: string, body?: SignalBody): Promise<ControlView>;
  /** Those that wait for an answer and those that will, with the tokens of who may answer. */
  approvals(workflowId: string): Promise<ApprovalListView>;
  /** Approves, rejects, or edits and approves (`value`). */
  answer(workflowId: string, subtaskId: string, body: ApprovalBody): Promise<ControlView>;
  /** Why it is not further than it is: one reason for each subtask that has not ended. */
  why(workflowId: string): Promise<WhyView>;
  /** Registers a version of a type. The same content again changes nothing (`created: false`). */
  registerType(definition: unknown): Promise<RegisterTypeView>;
  types(): Promise<WorkflowTypeListView>;
  type(name: string, version?: number | 'latest'): Promise<WorkflowTypeView>;
  /** How many workflows of the type may be active at the same time; null: nothing of its own. A start beyond it is refused (`admission_refused`). */
  limitType(name: string, body: WorkflowTypeBody): Promise<WorkflowTypeLimitView>;
  /** Who is alive, and what they can do. */
  agents(): Promise<AgentListView>;
  /** What there is to be done, who could, and how much of it waits. */
  capabilities(): Promise<CapabilityListView>;
  /** How many subtasks of the capability may run at the same time, on all agents together; null: as many as there are agents for. */
  limitCapability(name: string, body: CapabilityBody): Promise<CapabilityView>;
  /** What is wrong with the deployment, and how to mend it: one finding for each thing that can be. */
  doctor(): Promise<DoctorView>;
  /** Mends what is safe to mend (`fixable`), and looks again. */
  doctorFix(): Promise<DoctorFixView>;
  /** Replies that could not be read: one page, newest first. */
  deadLetters(query?: { readonly limit?: number; readonly cursor?: string }): Promise<DeadLetterListView>;
  /** Back into its stream; one that still cannot be read is a dead letter again, under another id. */
  replayDeadLetter(id: string): Promise<DeadLetterDoneView>;
  /** All that there are now. */
  replayDeadLetters(): Promise<DeadLettersReplayedView>;
  /** For good. */
  dropDeadLetter(id: string): Promise<DeadLetterDoneView>;
}

const timeoutMsDefault = 15_000;
const repeatMsDefault = 10_000;
/** What the API allows itself where it goes through very many keys or entries. */
const longMs = 30_000;
/** Below the 60 s that the API waits at most in one request. */
const waitMsPerRequest = 30_000;

/**
 * @example
 * const baton = createClient({ baseUrl: 'http://127.0.0.1:7400' });
 * const { workflow_id } = await baton.start({ type: 'sales_dashboard', params: { source: 'sales.csv' } });
 * const { status, result } = await baton.result(workflow_id, { waitMs: 60_000 });
 */
export function createClient(given: ClientOptions): BatonClient {
  const options = callOptions(given);

  const list: BatonClient['list'] = (query = {}) => call(options, { method: 'GET', path: '/v1/workflows', query: { ...query } }, WorkflowListView);
  const control = <Name extends ControlName>(workflowId: string, name: Name, body: ControlBody<Name>) =>
    call(options, { method: 'POST', path: `${workflowPath(workflowId)}/${name}`, body, isIdempotent: idempotentControls.has(name) }, ControlView);

  return {
    start: (body) => start(options, body),
    get: (workflowId, { parts } = {}) =>
      call(options, { method: 'GET', path: workflowPath(workflowId), query: { parts: parts === undefined ? undefined : String(parts) } }, WorkflowView),
    list,
    async *listAll(filter = {}) {
      let cursor: string | null | undefined;
      do {
        const page = await list({ ...filter, limit: 200, ...(cursor && { cursor }) });
        yield* page.workflows;
        cursor = page.next_cursor;
      } while (cursor !== null);
    },
    result: (workflowId, { waitMs = 0, ...more } = {}) => result({ ...options, ...more }, workflowId, waitMs),
    events: (workflowId, query = {}) => call(options, { method: 'GET', path: `${workflowPath(workflowId)}/events`, query: { ...query } }, EventListView),
    pause: (workflowId) => control(workflowId, 'pause', {}),
    resume: (workflowId) => control(workflowId, 'resume', {}),
    cancel: (workflowId, body = {}) => control(workflowId, 'cancel', body),
    terminate: (workflowId) => control(workflowId, 'terminate', {}),
    retry: (workflowId) => control(workflowId, 'retry', {}),
    rerun: (workflowId, body) => control(workflowId, 'rerun', body),
    restart: (workflowId, body = {}) => control(workflowId, 'restart', body),
    signal: (workflowId, name, body = {}) => signal(options, workflowId, name, body),
    approvals: (workflowId) => call(options, { method: 'GET', path: `${workflowPath(workflowId)}/approvals` }, ApprovalListView),
    answer: (workflowId, subtaskId, body) =>
      call(options, { method: 'POST', path: `${workflowPath(workflowId)}/approvals/${encodeURIComponent(subtaskId)}`, body }, ControlView),
    why: (workflowId) => call(options, { method: 'GET', path: `${workflowPath(workflowId)}/why` }, WhyView),
    registerType: (definition) => call(options, { method: 'POST', path: '/v1/workflow-types', body: definition, isIdempotent: true }, RegisterTypeView),
    types: () => call(options, { method: 'GET', path: '/v1/workflow-types' }, WorkflowTypeListView),
    type: (name, version = 'latest') => call(options, { method: 'GET', path: `/v1/workflow-types/${encodeURIComponent(name)}/${version}` }, WorkflowTypeView),
    limitType: (name, body) => call(options, { method: 'PUT', path: `/v1/workflow-types/${encodeURIComponent(name)}`, body }, WorkflowTypeLimitView),
    agents: () => call(options, { method: 'GET', path: '/v1/agents' }, AgentListView),
    capabilities: () => call(options, { method: 'GET', path: '/v1/capabilities' }, CapabilityListView),
    limitCapability: (name, body) => call(options, { method: 'PUT', path: `/v1/capabilities/${encodeURIComponent(name)}`, body }, CapabilityView),
    doctor: () => call(options, { method: 'GET', path: '/v1/doctor', waitMs: longMs }, DoctorView),
    doctorFix: () => call(options, { method: 'POST', path: '/v1/doctor/fix', body: {}, waitMs: longMs }, DoctorFixView),
    deadLetters: (query = {}) => call(options, { method: 'GET', path: '/v1/dead-letters', query: { ...query } }, DeadLetterListView),
    replayDeadLetter: (id) => call(options, { method: 'POST', path: `${deadLetterPath(id)}/replay`, body: {} }, DeadLetterDoneView),
    replayDeadLetters: () => call(options, { method: 'POST', path: '/v1/dead-letters/replay', body: {}, waitMs: longMs }, DeadLettersReplayedView),
    dropDeadLetter: (id) => call(options, { method: 'POST', path: `${deadLetterPath(id)}/drop`, body: {} }, DeadLetterDoneView),
  };
}

function callOptions({
  baseUrl,
  fetch = globalThis.fetch.bind(globalThis),
  timeoutMs = timeoutMsDefault,
  repeatMs = repeatMsDefault,
}: ClientOptions): CallOptions {
  return { baseUrl: baseUrl.replace(/\/+$/, ''), fetch, timeoutMs, repeatMs };
}

/** Made again they find what they have done. The others would do it once more, or be refused for having done it. */
const idempotentControls: ReadonlySet<ControlName> = new Set(['pause', 'resume', 'cancel', 'terminate']);

async function start(options: CallOptions, body: StartWorkflowBody): Promise<StartWorkflowView> {
  const workflowId = body.workflow_id ?? newWorkflowId();
  try {
    const request = { method: 'POST', path: '/v1/workflows', body: { ...body, workflow_id: workflowId }, isIdempotent: true } as const;
    const view = await call(options, request, StartWorkflowView);
    // Nobody else knows the id: if it exists, an earlier try has created it.
    return body.workflow_id === undefined ? { ...view, created: true } : view;
  } catch (error) {
    throw isPassing(error) ? Object.assign(error, { workflowId }) : error;
  }
}

/** As the API makes them up. `crypto.randomUUID` is not there on pages without TLS. */
function newWorkflowId(): string {
  return `wf_${Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte % 36).toString(36)).join('')}`;
}

async function signal(options: CallOptions, workflowId: string, name: string, body: SignalBody): Promise<ControlView> {
  const path = `${workflowPath(workflowId)}/signals/${encodeURIComponent(name)}`;
  return await call(options, { method: 'POST', path, body, isIdempotent: body.id !== undefined }, ControlView);
}

async function result(options: CallOptions, workflowId: string, waitMs: number): Promise<WorkflowResultView> {
  for (let leftMs = waitMs; ; leftMs -= waitMsPerRequest) {
    const chunkMs = Math.ceil(Math.min(leftMs, waitMsPerRequest));
    const query = chunkMs > 0 ? { wait: `${chunkMs}ms` } : {};
    const view = await call(options, { method: 'GET', path: `${workflowPath(workflowId)}/result`, query, waitMs: chunkMs }, WorkflowResultView);
    if (hasEnded(view.status) || leftMs <= waitMsPerRequest) return view;
  }
}

/** Whether the status is one that never changes. */
export function hasEnded(status: WorkflowSummaryView['status']): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled' || status === 'timed_out';
}

function workflowPath(workflowId: string): string {
  return `/v1/workflows/${encodeURIComponent(workflowId)}`;
}

function deadLetterPath(id: string): string {
  return `/v1/dead-letters/${encodeURIComponent(id)}`;
}
