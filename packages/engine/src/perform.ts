/** What is done after a commit. The commit stands whatever becomes of it: what does not arrive is found in the outbox, or when a parent is looked after. */
import { type ChildStart, childCapability, dispatchId, type Effect, type Notification, type OutboxEntry, partitionOf, type WebhookDelivery } from '@baton/core';
import type { Advance } from './advance.ts';
import type { EngineDeps } from './deps.ts';
import type { Start } from './start.ts';
import { signatureOf, tokenFor } from './token.ts';

/** What can only be known once the engine is put together. */
export interface Hands {
  readonly advance: Advance;
  readonly start: Start;
}

type Of<Kind extends Effect['kind']> = Extract<Effect, { kind: Kind }>;

export function createPerform({ store, queue, warn }: EngineDeps, hands: () => Hands): (effects: readonly Effect[]) => Promise<void> {
  return async (effects) => {
    if (effects.length === 0) return;
    const of = <Kind extends Effect['kind']>(kind: Kind) => effects.filter((effect): effect is Of<Kind> => effect.kind === kind);
    await Promise.all([
      attempt(
        'dispatch_failed',
        of('dispatch').map(({ assignment }) => assignment),
        (assignments) => queue.dispatch(assignments.map((assignment) => ({ assignment, inputs: [] }))),
      ),
      attempt(
        'child_not_started',
        of('start_child').map(({ start }) => ({ ...start.parent, start })),
        startChildren,
      ),
      attempt(
        'not_notified',
        of('notify').map(({ notification }) => notification),
        notify,
      ),
      control(of('control_child')),
    ]);
  };

  /** Does it, and takes it from the outbox, which nobody has to wait for. */
  async function attempt<Entry extends OutboxEntry>(
    failure: string,
    entries: readonly Entry[],
    act: (entries: readonly Entry[]) => Promise<void>,
  ): Promise<void> {
    if (entries.length === 0) return;
    try {
      await act(entries);
    } catch (error) {
      return warn(failure, error);
    }
    for (const [partition, own] of Map.groupBy(entries, ({ workflowId }) => partitionOf(workflowId))) {
      store.clearOutbox(partition, own).catch((error: unknown) => warn('outbox_not_cleared', error));
    }
  }

  async function startChildren(entries: readonly { readonly start: ChildStart }[]): Promise<void> {
    await Promise.all(entries.map(({ start }) => startChild(start)));
  }

  /** A start that is refused is the step's failure. */
  async function startChild({ parent, workflowId, type, version, params, caller, depth }: ChildStart): Promise<void> {
    const outcome = await hands().start({ workflowId, type, version, params, caller, parent, depth });
    if ('summary' in outcome) return;
    const why = 'message' in outcome ? outcome.message : outcome.problems.map(({ path, message }) => `${path} ${message}`).join('; ');
    const error = { code: 'CHILD_REFUSED', message: `The workflow ${type}@${version} could not be started: ${why}` };
    const report = { ...parent, outcome: { status: 'failed' as const, error }, capability: childCapability };
    await hands().advance(new Map([[parent.workflowId, [{ kind: 'settled', report }]]]));
  }

  async function notify(notifications: readonly Notification[]): Promise<void> {
    const secret = await store.secret();
    await queue.notify(notifications.map((notification) => delivery(secret, notification)));
  }

  async function control(effects: readonly Of<'control_child'>[]): Promise<void> {
    for (const { workflowId, control: action, graceMs, by } of effects) {
      const event = { kind: 'controlled' as const, control: action === 'cancel' ? { action, graceMs } : { action }, by };
      await hands()
        .advance(new Map([[workflowId, [event]]]))
        .catch((error: unknown) => warn('child_not_controlled', error));
    }
  }
}

function delivery(secret: string, { workflowId, workflowType, subtaskId, generation, url, shown, approvers, expiresAt }: Notification): WebhookDelivery {
  const who = approvers.length === 0 ? ['*'] : approvers;
  const tokens = Object.fromEntries(who.map((approver) => [approver, tokenFor(secret, { workflowId, subtaskId, generation, approver })]));
  const body = {
    type: 'approval_requested',
    workflow_id: workflowId,
    workflow_type: workflowType,
    subtask_id: subtaskId,
    shown,
    tokens,
    expires_at: new Date(expiresAt).toISOString(),
  };
  return { id: dispatchId(workflowId, subtaskId, generation), url, body, signature: signatureOf(secret, JSON.stringify(body)) };
}
