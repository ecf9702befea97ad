/** Whether work goes on: judged by what waits, for how long, and who is there to do it. Pure. */
import { type OutboxEntry, partitionCount } from '@baton/core';
import type { AbandonedCapability, GivenUp, Orphans, StreamBacklog, WaitingStarts } from '@baton/queue';
import type { Forgotten } from '@baton/store';
import { counted, fine, listed, problem, secondsText, type Verdict, warning } from './verdict.ts';

const lagWarningMs = 10_000;
const lagProblemMs = 60_000;
const startsWaitMs = 60_000;
const reasonLengthMax = 300;
const startOrchestrator = 'Start an orchestrator, or look in its log for why it ended; of one that died another takes over within its lease (BATON_LEASE_MS).';

/** @param away their prefixes */
export function judgeShards(away: readonly string[], of: number): Verdict {
  if (away.length === 0) return fine(of === 1 ? 'The deployment is one shard.' : `All ${of} shards can be reached.`);
  return problem(
    `The nodes of ${away.length} of ${of} shards cannot be reached: the workflows in ${listed(away)} stand still.`,
    'Bring their nodes of the Redis Cluster back, or let replicas take their slots: what was accepted goes on by itself then.',
  );
}

/** @param owners by partition */
export function judgePartitions(owners: readonly (string | null)[]): Verdict {
  const free = owners.flatMap((owner, partition) => (owner === null ? [partition] : []));
  if (free.length === 0) return fine(`All ${partitionCount} partitions have an owner, of ${counted(new Set(owners).size, 'orchestrator')}.`);
  if (free.length === owners.length) return problem('No partition has an owner, so no orchestrator is alive: nothing goes on.', startOrchestrator);
  return problem(`Nobody owns the partitions ${free.join(', ')}: the workflows in them stand still.`, startOrchestrator);
}

/** @param backlog longest first */
export function judgeBacklog(backlog: readonly StreamBacklog[], owners: readonly (string | null)[]): Verdict {
  const replies = backlog.reduce((sum, each) => sum + each.replies, 0);
  const worst = backlog[0];
  if (worst === undefined) return fine('No reply waits to be settled.');
  const streams = backlog.map(
    ({ stream, partition, oldestAgeMs }) => `${stream} (${secondsText(oldestAgeMs)}${owners[partition] === null ? ', nobody owns the partition' : ''})`,
  );
  const message = `${counted(replies, 'reply waits', 'replies wait')} to be settled, by the first of each stream: ${listed(streams)}.`;
  if (worst.oldestAgeMs < lagWarningMs) return fine(message);
  const mend = 'See to it that each partition has an owner; if they all have, start more orchestrators, and look in their logs for settle_failed.';
  return worst.oldestAgeMs < lagProblemMs ? warning(message, mend) : problem(message, mend);
}

/** @param stale longest first */
export function judgeOutbox(stale: readonly OutboxEntry[], limit: number): Verdict {
  if (stale.length === 0) return fine('No dispatch has been in the outbox for over a minute.');
  const many = stale.length >= limit ? `${limit} or more dispatches have` : counted(stale.length, 'dispatch has', 'dispatches have');
  const first = listed(stale.map(({ workflowId, subtaskId }) => `${subtaskId} of ${workflowId}`));
  return problem(
    `${many} been in the outbox for over a minute: ${first}.`,
    'See to it that each partition has an owner; if they all have, look in the logs of the orchestrators for dispatch_failed and settle_failed.',
  );
}

export function judgeUnserved(unserved: readonly AbandonedCapability[]): Verdict {
  if (unserved.length === 0) return fine('Every capability that is asked for has an agent.');
  const names = unserved.toSorted((one, other) => other.jobs - one.jobs).map(({ capability, jobs }) => `${capability} (${counted(jobs, 'subtask')})`);
  return problem(`Subtasks wait for capabilities that no agent serves: ${listed(names)}.`, 'Start workers with these capabilities, or look why theirs ended.');
}

/** @param waiting most first */
export function judgeWaitingStarts(waiting: readonly WaitingStarts[], now: number): Verdict {
  if (waiting.length === 0) return fine('No start waits for a place.');
  const starts = waiting.reduce((sum, each) => sum + each.starts, 0);
  const longestMs = now - Math.min(...waiting.map(({ since }) => since));
  const limits = waiting.map((each) => `${placeText(each)} (${each.starts})`);
  const message = `${counted(starts, 'start waits', 'starts wait')} in the start queue for a place, the first for ${secondsText(longestMs)}: ${listed(limits)}.`;
  if (longestMs < startsWaitMs) return fine(message);
  return warning(
    message,
    'They start when others end. If that takes too long: raise the limit (baton type limit, BATON_MAX_ACTIVE, BATON_MAX_QUEUE_DEPTH), start more agents, or give Redis more memory.',
  );
}

function placeText({ limit, of }: WaitingStarts): string {
  switch (limit) {
    case 'type':
      return `${of}, as many of which as may be are active`;
    case 'capability':
      return `${of}, for which as many subtasks as may be wait`;
    case 'memory':
      return 'memory of Redis';
  }
}

export function judgeOrphans(orphans: readonly Orphans[]): Verdict {
  if (orphans.length === 0) return fine('No job waits whose workflow has ended.');
  const names = orphans.map(({ capability, jobIds }) => `${capability} (${jobIds.length})`);
  return warning(
    `Jobs wait whose workflows have ended or are gone: ${listed(names)}.`,
    'Agents drop them when they come to them; to remove them now: baton doctor --fix.',
  );
}

/** @param windowText how far back was looked */
export function judgeGivenUp(given: readonly GivenUp[], windowText: string): Verdict {
  const last = given[0];
  if (last === undefined) return fine(`The queue has given up no job in ${windowText}.`);
  const names = given.map(({ capability, jobs }) => `${capability} (${jobs})`);
  const reason = last.reason.length > reasonLengthMax ? `${last.reason.slice(0, reasonLengthMax)}…` : last.reason;
  return warning(
    `The queue has given up jobs in ${windowText}: ${listed(names)}; the last of ${last.capability} is ${last.jobId}: ${reason}`,
    'Their subtasks fail as AGENT_LOST once the engine has asked, within a minute or so. BAD_ASSIGNMENT: look who writes into the queue; stalled: look what ends the agents.',
  );
}

export function judgeDeadLetters(count: number): Verdict {
  if (count === 0) return fine('There are no dead letters.');
  return warning(
    `${counted(count, 'reply that could not be read waits', 'replies that could not be read wait')} in the stream dead.`,
    'Look at them (baton dead list), then send them back (baton dead replay) or drop them (baton dead drop).',
  );
}

/** @param keys of leases and locks */
export function judgeExpiry(keys: readonly string[], { hashes, isAll }: Forgotten): Verdict {
  const seen = isAll ? '' : ' (as far as was looked: there are very many keys)';
  if (keys.length === 0 && hashes.length === 0) return fine(`All leases, locks and unregistered definitions expire${seen}.`);
  return warning(
    `Keys that should expire never do${seen}: ${listed([...keys, ...hashes.map((hash) => `def:${hash}`)])}.`,
    'Somebody changed them by hand; to give them an expiry, which harms nothing that is in use: baton doctor --fix.',
  );
}
