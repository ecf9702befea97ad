/** A start from the queue: what the engine says of it, as the queue wants to hear it. */
import type { RecordedEvent, StartRequest } from '@baton/core';
import type { Engine } from '@baton/engine';
import type { StartOutcome } from '@baton/queue';

export function startOf(engine: Pick<Engine, 'start'>): (request: StartRequest) => Promise<StartOutcome> {
  return async (request) => {
    const outcome = await engine.start(request);
    switch (outcome.status) {
      case 'created':
      case 'existing':
        return { status: 'started', workflowId: outcome.summary.header.id, created: outcome.status === 'created' };
      case 'invalid':
        return { status: 'refused', problems: outcome.problems };
      case 'conflict':
      case 'unknown_type':
        return { status: 'refused', problems: [{ path: '', code: outcome.status, message: outcome.message }] };
      case 'not_admitted':
        return { status: 'waits', waitsFor: outcome.refusal };
    }
  };
}

const ends: ReadonlySet<RecordedEvent['type']> = new Set(['workflow_completed', 'workflow_failed', 'workflow_timed_out', 'workflow_cancelled']);

/** A place in its type is free from now on. */
export function hasEndedBy({ type }: RecordedEvent): boolean {
  return ends.has(type);
}
