/** What the engine tells goes to the log and to the metrics: what was committed, and what was not let in. */
import type { RecordedEvent, WorkflowHeader } from '@baton/core';
import { logEvents } from './event-log.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { logRefusals, type RefusedStart } from './refusal-log.ts';

export interface Observer {
  readonly observe: (header: WorkflowHeader, event: RecordedEvent) => void;
  readonly onRefused: (workflowType: string, refused: RefusedStart) => void;
}

/**
 * @example
 * createEngine({ store, queue, now, ...observer(log, metrics) });
 */
export function observer(log: Pick<Logger, 'info' | 'warn'>, metrics: Pick<Metrics, 'observe' | 'notAdmitted'>): Observer {
  const [logEvent, logRefusal] = [logEvents(log), logRefusals(log, () => performance.now())];
  return {
    observe(header, event) {
      logEvent(header, event);
      metrics.observe(header, event);
    },
    onRefused(workflowType, refused) {
      logRefusal(workflowType, refused);
      metrics.notAdmitted(workflowType, refused.limit);
    },
  };
}
