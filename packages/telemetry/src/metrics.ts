/**
 * The guide's eight metrics under exactly its names and labels ("Workflow Monitoring"), and those of the Node process.
 * Events are counted where they were committed and retries where an attempt failed or was sent back, so sums over all processes count each once;
 * `active_workflows` (and `baton_dead_letters`) is the same number from every process that serves it (take the maximum, not the sum). Beside the guide's, under names of
 * their own, what the engine did of its own accord: commits, conflicts, reloads.
 */
import type { RecordedEvent, WorkflowHeader } from '@baton/core';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type LabelValues, labelValues } from './label-values.ts';
import { within } from './within.ts';

export interface MetricsOptions {
  /** How many workflows of each type have not ended, asked at each scrape. A process without it serves no `active_workflows`. */
  readonly activeCounts?: () => Promise<ReadonlyMap<string, number>>;
  /** How many replies that could not be read wait for somebody to look at them. A process without it serves no `baton_dead_letters`. */
  readonly deadLetters?: () => Promise<number>;
  /** How many starts wait for a place, by the limit that they wait for. A process without it serves no `baton_starts_waiting`. */
  readonly startsWaiting?: () => Promise<readonly { readonly limit: string; readonly starts: number }[]>;
}

export interface Metrics {
  readonly observe: (header: WorkflowHeader, event: RecordedEvent) => void;
  /** An attempt failed and there will be another. Called by the worker, once for each; `reason` is the error's code. */
  readonly subtaskRetried: (capability: string, reason: string) => void;
  /** What the engine did of its own accord. */
  readonly count: (what: 'commits' | 'conflicts' | 'reloads', by: number) => void;
  /** A start was not let in: refused, or told to wait. */
  readonly notAdmitted: (workflowType: string, reason: string) => void;
  /** The Prometheus text format. */
  readonly text: () => Promise<string>;
  readonly contentType: string;
}

/** The guide's two, and what people stopped, which is neither. */
type EndStatus = 'success' | 'failure' | 'cancelled';

const scrapeTimeoutMs = 1_000;
/** How often the lag of the event loop is looked at, which wakes the process; its figures include this time. */
const lagEveryMs = 100;
const subtaskSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** How many values of a label are told apart: capabilities and reasons stand in one series each with each other. */
const [typesMax, capabilitiesMax, reasonsMax] = [500, 500, 50];
const workflowSeconds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200];

export function createMetrics({ activeCounts, deadLetters, startsWaiting }: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: lagEveryMs });
  const series = createSeries(registry);
  const engine = createEngineSeries(registry);
  const labels: Labels = { type: labelValues(typesMax), capability: labelValues(capabilitiesMax), reason: labelValues(reasonsMax) };
  createActiveWorkflows(registry, labels.type, activeCounts);
  if (deadLetters !== undefined) createDeadLetterGauge(registry, deadLetters);
  if (startsWaiting !== undefined) createStartsWaitingGauge(registry, startsWaiting);

  return {
    observe: createObserve(series, labels),
    subtaskRetried: (capability, reason) => series.retries.inc({ capability: labels.capability(capability), reason: labels.reason(reason) }),
    count: (what, by) => engine[what].inc(by),
    notAdmitted: (type, reason) => series.notAdmitted.inc({ type, reason }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** For a process that was told to keep none. */
export const noMetrics: Metrics = { observe() {}, subtaskRetried() {}, count() {}, notAdmitted() {}, text: async () => '', contentType: 'text/plain' };

type Labels = Readonly<Record<'type' | 'capability' | 'reason', LabelValues>>;

function createObserve(series: ReturnType<typeof createSeries>, labels: Labels): Metrics['observe'] {
  const ended = (workflow_type: string, status: EndStatus, durationMs: number) => {
    series.completions.inc({ workflow_type, status });
    series.duration.observe({ workflow_type }, durationMs / 1000);
  };

  return ({ type }, event) => {
    const workflow_type = labels.type(type);
    switch (event.type) {
      case 'workflow_started':
        series.starts.inc({ workflow_type });
        announce(series, workflow_type);
        return;
      case 'subtask_completed':
      case 'subtask_failed':
        series.subtaskDuration.observe({ capability: labels.capability(event.capability) }, event.durationMs / 1000);
        return;
      case 'subtask_setback':
        if (event.next !== 'held')
          series.retries.inc({ capability: labels.capability(event.capability), reason: labels.reason(event.error?.code ?? event.next) });
        return;
      case 'workflow_completed':
        if ((event.partialFailures ?? 0) > 0) series.partialFailures.inc({ workflow_type });
        ended(workflow_type, 'success', event.durationMs);
        return;
      case 'workflow_cancelled':
        ended(workflow_type, 'cancelled', event.durationMs);
        return;
      case 'workflow_timed_out':
        series.timeouts.inc({ workflow_type });
        ended(workflow_type, 'failure', event.durationMs);
        return;
      case 'workflow_failed':
        ended(workflow_type, 'failure', event.durationMs);
        return;
      case 'subtask_assigned':
      case 'subtask_cancelled':
      case 'subtask_skipped':
      case 'subtask_waiting':
      case 'approval_answered':
      case 'signal_received':
      case 'context_updated':
      case 'workflow_paused':
      case 'workflow_resumed':
      case 'workflow_retried':
        return;
    }
  };
}

function createSeries(registry: Registry) {
  const registers = [registry];
  return {
    starts: new Counter({ registers, name: 'workflow_starts_total', help: 'Workflows started', labelNames: ['workflow_type'] }),
    completions: new Counter({
      registers,
      name: 'workflow_completions_total',
      help: 'Workflows ended, by how they ended',
      labelNames: ['workflow_type', 'status'],
    }),
    duration: new Histogram({
      registers,
      name: 'workflow_duration_seconds',
      help: 'From the start of a workflow to its end',
      labelNames: ['workflow_type'],
      buckets: workflowSeconds,
    }),
    subtaskDuration: new Histogram({
      registers,
      name: 'subtask_duration_seconds',
      help: 'From the assignment of a subtask to its end, all attempts',
      labelNames: ['capability'],
      buckets: subtaskSeconds,
    }),
    retries: new Counter({
      registers,
      name: 'subtask_retries_total',
      help: 'Attempts that failed and are tried again, by error code',
      labelNames: ['capability', 'reason'],
    }),
    partialFailures: new Counter({
      registers,
      name: 'workflow_partial_failures_total',
      help: 'Workflows that completed although some of their subtasks failed',
      labelNames: ['workflow_type'],
    }),
    notAdmitted: new Counter({
      registers,
      name: 'baton_admission_refused_total',
      help: 'Starts that found no place: refused, or told to wait, each time that they ask',
      labelNames: ['type', 'reason'],
    }),
    timeouts: new Counter({ registers, name: 'workflow_timeouts_total', help: 'Workflows that ran out of time', labelNames: ['workflow_type'] }),
  };
}

function createEngineSeries(registry: Registry): Readonly<Record<Parameters<Metrics['count']>[0], Counter>> {
  const registers = [registry];
  return {
    commits: new Counter({ registers, name: 'baton_commits_total', help: 'Decisions that were written to the store' }),
    conflicts: new Counter({ registers, name: 'baton_commit_conflicts_total', help: 'Decisions that were not written, as another one came first' }),
    reloads: new Counter({ registers, name: 'baton_state_reloads_total', help: 'Workflows whose state was read from the store' }),
  };
}

/** Zero is a value: an alert on "any increase" needs the series to exist before its first increase. */
function announce(series: ReturnType<typeof createSeries>, workflow_type: string): void {
  series.completions.inc({ workflow_type, status: 'success' }, 0);
  series.completions.inc({ workflow_type, status: 'failure' }, 0);
  series.completions.inc({ workflow_type, status: 'cancelled' }, 0);
  series.partialFailures.inc({ workflow_type }, 0);
  series.timeouts.inc({ workflow_type }, 0);
}

function createActiveWorkflows(registry: Registry, labelOf: LabelValues, activeCounts: MetricsOptions['activeCounts']): void {
  const seen = new Set<string>();
  new Gauge({
    registers: [registry],
    name: 'active_workflows',
    help: 'Workflows that have not ended; the same number from every process',
    labelNames: ['workflow_type'],
    async collect() {
      this.reset();
      if (activeCounts === undefined) return;
      // A scrape without Redis still tells of the process: the series is absent for that time, which is what alerts look for.
      const counts = await within(scrapeTimeoutMs, 'The store did not count', activeCounts()).catch(() => null);
      if (counts === null) return;
      // Zero is told of those that were seen once.
      for (const workflow_type of seen) this.set({ workflow_type }, 0);
      for (const [type, count] of counts) {
        const workflow_type = labelOf(type);
        seen.add(workflow_type);
        this.inc({ workflow_type }, count);
      }
    },
  });
}

function createDeadLetterGauge(registry: Registry, count: NonNullable<MetricsOptions['deadLetters']>): void {
  new Gauge({
    registers: [registry],
    name: 'baton_dead_letters',
    help: 'Replies that could not be read and that nobody has sent back or dropped; the same number from every process',
    async collect() {
      // As above: absent while Redis is away.
      this.remove();
      const waiting = await within(scrapeTimeoutMs, 'The dead letters were not counted', count()).catch(() => null);
      if (waiting !== null) this.set(waiting);
    },
  });
}

function createStartsWaitingGauge(registry: Registry, read: NonNullable<MetricsOptions['startsWaiting']>): void {
  new Gauge({
    registers: [registry],
    name: 'baton_starts_waiting',
    help: 'Starts in the start queue that wait for a place, by the limit that they wait for; the same number from every process',
    labelNames: ['reason'],
    async collect() {
      this.reset();
      // As above: absent while Redis is away.
      const waiting = await within(scrapeTimeoutMs, 'The starts that wait were not counted', read()).catch(() => null);
      for (const reason of ['type', 'capability', 'memory']) {
        const starts = waiting?.filter(({ limit }) => limit === reason).reduce((sum, each) => sum + each.starts, 0);
        if (starts !== undefined) this.set({ reason }, starts);
      }
    },
  });
}
