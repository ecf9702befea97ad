/** The names of the queues, in one place; a BullMQ queue name must not contain ':'. */

/** Assignments for a capability. */
export function capabilityQueue(capability: string): string {
  return `cap.${capability}`;
}

/** Replies of the agents of a capability, for the owner of a partition. */
export function resultStream(capability: string, partition: number): string {
  return `res.${capability}.${partition}`;
}

/** Whose agents write to it. */
export function capabilityOfStream(stream: string): string {
  return stream.slice('res.'.length, stream.lastIndexOf('.'));
}

/** Notifications to be delivered to the outside. */
export const webhooksQueue = 'webhooks';

/** Requests to start a workflow, from any producer. */
export const workflowsQueue = 'workflows';

/** Everything of one shard lies in one Redis slot. */
export const defaultPrefix = '{baton:0}';
