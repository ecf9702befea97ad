/** The names of the store's keys, all under the prefix, which is a hash tag: everything of a shard lies in one slot. */
import { blobsKey } from '@baton/blobs';
import { childCapability } from '@baton/core';

export type StoreKeys = ReturnType<typeof storeKeys>;

export function storeKeys(prefix: string) {
  const workflow = (id: string) => `${prefix}:wf:${id}`;
  const events = (id: string) => `${workflow(id)}:events`;
  const context = (id: string) => `${workflow(id)}:ctx`;
  const control = (id: string) => `${prefix}:ctl:${id}`;
  return {
    workflow,
    events,
    context,
    /** What agents must know at once: read by them, so not below the workflow, which is none of their business. */
    control,
    /** Everything that belongs to one workflow and goes with it. */
    ofWorkflow: (id: string) => [workflow(id), events(id), context(id), control(id)],
    /** Payloads of it that are out of line, if they are in this Redis. */
    blobs: (id: string) => blobsKey(prefix, id),
    deadlines: (partition: number) => `${prefix}:deadlines.${partition}`,
    outbox: (partition: number) => `${prefix}:outbox.${partition}`,
    /** Where the owner of the partition reads what child workflows came to, like any agent's replies. */
    childReplies: (partition: number) => `${prefix}:res.${childCapability}.${partition}`,
    conversation: (id: string) => `${prefix}:conv:${id}`,
    secret: `${prefix}:secret`,
    definition: (hash: string) => `${prefix}:def:${hash}`,
    type: (name: string) => `${prefix}:type:${name}`,
    types: `${prefix}:types`,
    active: `${prefix}:active`,
    typeLimits: `${prefix}:limits`,
    index: (...filter: readonly string[]) => `${prefix}:idx:${filter.join(':')}`,
  };
}
