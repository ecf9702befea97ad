/** Workflows that are the work of a step: started, paused, resumed and ended with the one above. */
import { type ChildStart, childCapability, type Effect } from '@baton/core';
import type { Advance } from './advance.ts';
import type { EngineDeps } from './deps.ts';
import type { Start, StartOutcome } from './start.ts';

/** What can only be known once the engine is put together. */
export interface Hands {
  readonly advance: Advance;
  readonly start: Start;
}

type ControlChild = Extract<Effect, { kind: 'control_child' }>;

export interface Children {
  start(starts: readonly ChildStart[]): Promise<void>;
  control(effects: readonly ControlChild[]): Promise<void>;
}

export function createChildren(hands: () => Hands, warn: EngineDeps['warn']): Children {
  /** A start that is refused is the step's failure. */
  async function startChild({ parent, workflowId, type, version, params, caller, depth }: ChildStart): Promise<void> {
    const outcome = await hands().start({ workflowId, type, version, params, caller, parent, depth });
    if ('summary' in outcome) return;
    const why = whyNot(outcome);
    const error = { code: 'CHILD_REFUSED', message: `The workflow ${type}@${version} could not be started: ${why}` };
    const report = { ...parent, outcome: { status: 'failed' as const, error }, capability: childCapability };
    await hands().advance(new Map([[parent.workflowId, [{ kind: 'settled', report }]]]));
  }

  async function control(effects: readonly ControlChild[]): Promise<void> {
    for (const { workflowId, control: action, graceMs, by } of effects) {
      const event = { kind: 'controlled' as const, control: action === 'cancel' ? { action, graceMs } : { action }, by };
      await hands()
        .advance(new Map([[workflowId, [event]]]))
        .catch((error: unknown) => warn('child_not_controlled', error));
    }
  }

  return {
    start: async (starts) => void (await Promise.all(starts.map(startChild))),
    control,
  };
}

function whyNot(outcome: Exclude<StartOutcome, { status: 'created' | 'existing' }>): string {
  switch (outcome.status) {
    case 'invalid':
      return outcome.problems.map(({ path, message }) => `${path} ${message}`).join('; ');
    case 'not_admitted':
      return outcome.refusal.message;
    case 'conflict':
    case 'unknown_type':
      return outcome.message;
  }
}
