/** Starting a workflow: parse everything, decide once, commit once. Idempotent by `workflow_id`: the same request again returns what exists. */
import {
  acceptParams,
  type CompileOptions,
  compileDefinition,
  createWorkflow,
  type Json,
  jsonHash,
  type Problem,
  type StartRequest,
  type Workflow,
  type WorkflowHeader,
  WorkflowId,
  type WorkflowSummary,
  type WorkflowType,
} from '@baton/core';
import { customAlphabet } from 'nanoid';
import type { Advance } from './advance.ts';
import type { EngineDeps } from './deps.ts';
import type { Refusal } from './refusal.ts';

export type StartOutcome =
  | { readonly status: 'created' | 'existing'; readonly summary: WorkflowSummary }
  | { readonly status: 'conflict' | 'unknown_type'; readonly message: string }
  | { readonly status: 'invalid'; readonly problems: readonly Problem[] }
  /** Right, but not now. */
  | { readonly status: 'not_admitted'; readonly refusal: Refusal };

export type Start = (request: StartRequest) => Promise<StartOutcome>;

const randomId = customAlphabet('0123456789abcdefghijklmnopqrstuvwxyz', 16);

/** For a request that has none. */
export function newWorkflowId(): string {
  return `wf_${randomId()}`;
}

type StartDeps = Pick<EngineDeps, 'store' | 'now' | 'schema' | 'retentionMs' | 'admission' | 'onRefused'>;

export function createStart({ store, now, schema, retentionMs, admission, onRefused = () => {} }: StartDeps, advance: Advance): Start {
  return async (request) => {
    const id = WorkflowId.safeParse(request.workflowId ?? newWorkflowId());
    if (!id.success)
      return {
        status: 'invalid',
        problems: [{ path: '/workflow_id', code: 'invalid_format', message: id.error.issues.map(({ message }) => message).join('; ') }],
      };
    const fingerprint = fingerprintOf(request);
    let refusal: Refusal | undefined;

    const prepared = await prepare(request, { ...schema, retentionMs, findType: (name, version) => store.findType(name, version) });
    if (prepared.status === 'ready') {
      const { type, params } = prepared;
      const header = await headerOf(
        store,
        request,
        { id: id.data, type: type.name, version: type.version, definitionHash: type.hash, fingerprint, params, caller: request.caller, createdAt: now() },
        type,
      );
      const workflow = createWorkflow(header, type);
      const outcome = await createAdmitted({ advance, admission }, workflow, request);
      if (outcome === 'created') return { status: 'created', summary: { header, state: workflow.state } };
      if (outcome !== 'taken') refusal = outcome;
    }
    // The id is taken, or the request cannot be started now: either way an earlier start of the same request still answers it.
    const existing = request.workflowId === undefined ? null : await store.summary(id.data);
    if (existing !== null && existing.header.fingerprint === fingerprint) return { status: 'existing', summary: await again(existing, request, prepared) };
    if (prepared.status !== 'ready') return prepared;
    if (refusal !== undefined && existing === null) {
      onRefused(prepared.type.name, refusal);
      return { status: 'not_admitted', refusal };
    }
    return { status: 'conflict', message: `The workflow_id "${id.data}" was used for another request. Repeat that request exactly, or choose another id.` };
  };

  /** Running or completed: as it is. Failed: as the definition says ("Workflow Retries"). */
  async function again(existing: WorkflowSummary, { caller }: StartRequest, prepared: Prepared): Promise<WorkflowSummary> {
    const isFailed = existing.state.status === 'failed' || existing.state.status === 'timed_out';
    if (!isFailed || prepared.status !== 'ready' || prepared.type.definition.on_restart !== 'retry') return existing;
    const { id } = existing.header;
    await advance(new Map([[id, [{ kind: 'controlled', control: { action: 'retry' }, by: caller }]]]));
    return (await store.summary(id)) ?? existing;
  }
}

/** What a workflow that is under way asks for is part of it: to refuse it would leave both waiting for each other. */
async function createAdmitted(
  { advance, admission }: { readonly advance: Advance; readonly admission: EngineDeps['admission'] | undefined },
  workflow: Workflow,
  { parent }: StartRequest,
): Promise<'created' | 'taken' | Refusal> {
  if (admission === undefined || parent !== undefined) return (await advance.create(workflow)) === 'created' ? 'created' : 'taken';
  const admitted = await admission.admit(workflow.type, (activeMax) => advance.create(workflow, activeMax));
  return admitted.admitted ? admitted.outcome : admitted.refusal;
}

/** With what only some workflows have: a conversation, a parent, a predecessor. */
async function headerOf(
  store: Pick<EngineDeps['store'], 'conversation'>,
  { conversationId, parent, depth, restartOf }: StartRequest,
  header: WorkflowHeader,
  { definition }: WorkflowType,
): Promise<WorkflowHeader> {
  const isShared = definition.conversation === 'shared' && conversationId !== undefined;
  return {
    ...header,
    ...(conversationId !== undefined && { conversationId }),
    ...(isShared && { conversation: await store.conversation(conversationId) }),
    ...(parent && { parent }),
    ...(depth !== undefined && { depth }),
    ...(restartOf !== undefined && { restartOf }),
  };
}

type Prepared =
  | { readonly status: 'ready'; readonly type: WorkflowType; readonly params: Readonly<Record<string, Json>> }
  | Exclude<StartOutcome, { status: 'created' | 'existing' }>;

interface Known extends CompileOptions {
  readonly findType: (name: string, version: number | 'latest') => Promise<WorkflowType | null>;
}

async function prepare(request: StartRequest, known: Known): Promise<Prepared> {
  const found = await typeOf(request, known);
  if ('status' in found) return found;
  const accepted = acceptParams(found, request.params, request.paramsBytesMax);
  if (accepted.ok) return { status: 'ready', type: found, params: accepted.params };
  return { status: 'invalid', problems: accepted.problems.map((problem) => ({ ...problem, path: `/params${problem.path}` })) };
}

async function typeOf(request: StartRequest, { findType, ...options }: Known): Promise<WorkflowType | Exclude<Prepared, { status: 'ready' }>> {
  if (request.definition !== undefined) {
    const compiled = compileDefinition(request.definition, options);
    if (compiled.ok) return compiled.type;
    return { status: 'invalid', problems: compiled.problems.map((problem) => ({ ...problem, path: `/definition${problem.path}` })) };
  }
  const { type = '', version = 'latest' } = request;
  const known = await findType(type, version);
  return known ?? { status: 'unknown_type', message: `There is no workflow type ${type}@${version}. Register it first, or give a definition of its own.` };
}

/** What was asked for, not what it came to: "latest" asked twice is the same request, whatever was registered in between. */
function fingerprintOf({ type, version, definition, params }: StartRequest): string {
  return jsonHash({ type: type ?? null, version: version ?? null, definition: definition ?? null, params });
}
