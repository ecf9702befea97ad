/** GET /v1/capabilities: each that was ever served or asked for, with who is alive to do it and how much of it waits. */
import { childCapability } from '@baton/core';
import type { CapabilityListView } from '@baton/protocol';
import { ok } from '../answer.ts';
import type { Handler } from '../deps.ts';
import { capabilityView } from '../view.ts';

export const listCapabilities: Handler = async ({ queue, capabilityNames }) => {
  const names = (await capabilityNames()).filter((name) => name !== childCapability).toSorted();
  const body: CapabilityListView = { capabilities: (await queue.capabilities(names)).map(capabilityView) };
  return ok(body);
};
