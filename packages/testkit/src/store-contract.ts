/**
 * What every `WorkflowStore` does, as tests. The suites are split by what they are about; a store runs all of them.
 * Each test gets an empty store of its own.
 */
import type { WorkflowStore } from '@baton/core';
import { describe } from 'vitest';
import { agendaContract } from './store-contract-agenda.ts';
import { commitContract } from './store-contract-commit.ts';
import { conversationContract } from './store-contract-conversation.ts';
import { dataContract } from './store-contract-data.ts';
import { endContract } from './store-contract-end.ts';
import { eventContract } from './store-contract-events.ts';
import { lifeContract } from './store-contract-life.ts';
import { listContract } from './store-contract-list.ts';
import { typeContract } from './store-contract-types.ts';

export interface StoreUnderTest {
  readonly store: WorkflowStore;
  /** Another store on the same data that has nothing cached, as another process would open it. */
  readonly reopen: () => WorkflowStore;
  /** The flags of the workflow, as agents read them. */
  readonly control: (workflowId: string) => Promise<Readonly<Record<string, string>>>;
  /** What the owner of the partition finds in the stream of child workflows. */
  readonly childReplies: (partition: number) => Promise<readonly string[]>;
}

export type MakeStore = () => StoreUnderTest;

export function storeContract(name: string, makeStore: MakeStore): void {
  describe(`${name} as a workflow store`, () => {
    commitContract(makeStore);
    dataContract(makeStore);
    eventContract(makeStore);
    agendaContract(makeStore);
    listContract(makeStore);
    lifeContract(makeStore);
    endContract(makeStore);
    conversationContract(makeStore);
    typeContract(makeStore);
  });
}
