/** The names of the store's keys, all under the prefix, which is a hash tag: everything of a shard lies in one slot. */
export type StoreKeys = ReturnType<typeof storeKeys>;

export function storeKeys(prefix: string) {
  const workflow = (id: string) => `${prefix}:wf:${id}`;
  const events = (id: string) => `${workflow(id)}:events`;
  return {
    workflow,
    events,
    /** Everything that belongs to one workflow and goes with it. */
    ofWorkflow: (id: string) => [workflow(id), events(id), `${workflow(id)}:ctx`],
    deadlines: (partition: number) => `${prefix}:deadlines.${partition}`,
    outbox: (partition: number) => `${prefix}:outbox.${partition}`,
    definition: (hash: string) => `${prefix}:def:${hash}`,
    type: (name: string) => `${prefix}:type:${name}`,
    types: `${prefix}:types`,
    active: `${prefix}:active`,
    index: (...filter: readonly string[]) => `${prefix}:idx:${filter.length === 0 ? 'all' : filter.join(':')}`,
  };
}
