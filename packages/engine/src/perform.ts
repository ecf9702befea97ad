/** What is done after a commit. The commit stands whatever becomes of it: what does not arrive is found in the outbox, or when a parent is looked after. */
import { assignmentsOf, dispatchId, type Effect, type Notification, type OutboxEntry, partitionOf, type Tree, type WebhookDelivery } from '@baton/core';
import { createChildren, type Hands } from './children.ts';
import type { EngineDeps } from './deps.ts';
import { grouped } from './grouped.ts';
import { signatureOf, tokenFor } from './token.ts';

type Of<Kind extends Effect['kind']> = Extract<Effect, { kind: Kind }>;

export function createPerform({ store, queue, warn }: EngineDeps, hands: () => Hands): (effects: readonly Effect[]) => Promise<void> {
  const children = createChildren(hands, warn);
  const dispatch = grouped(async (trees: readonly Tree[]) => {
    await queue.dispatch(trees);
    return trees;
  });
  const clearOutbox = grouped(async (entries: readonly OutboxEntry[]) => {
    const byPartition = Map.groupBy(entries, ({ workflowId }) => partitionOf(workflowId));
    await Promise.all([...byPartition].map(([partition, own]) => store.clearOutbox(partition, own)));
    return entries;
  });

  return async (effects) => {
    if (effects.length === 0) return;
    const of = <Kind extends Effect['kind']>(kind: Kind) => effects.filter((effect): effect is Of<Kind> => effect.kind === kind);
    await Promise.all([
      attempt('dispatch_failed', of('dispatch').flatMap(assignmentsOf), () => dispatch(of('dispatch'))),
      attempt(
        'child_not_started',
        of('start_child').map(({ start }) => ({ ...start.parent, start })),
        (entries) => children.start(entries.map(({ start }) => start)),
      ),
      attempt(
        'not_notified',
        of('notify').map(({ notification }) => notification),
        notify,
      ),
      children.control(of('control_child')),
    ]);
  };

  /** Does it, and takes it from the outbox, which nobody has to wait for. */
  async function attempt<Entry extends OutboxEntry>(
    failure: string,
    entries: readonly Entry[],
    act: (entries: readonly Entry[]) => Promise<unknown>,
  ): Promise<void> {
    if (entries.length === 0) return;
    try {
      await act(entries);
    } catch (error) {
      return warn(failure, error);
    }
    clearOutbox(entries).catch((error: unknown) => warn('outbox_not_cleared', error));
  }

  async function notify(notifications: readonly Notification[]): Promise<void> {
    const secret = await store.secret();
    await queue.notify(notifications.map((notification) => delivery(secret, notification)));
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
