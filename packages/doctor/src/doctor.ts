/**
 * The doctor: looks at a deployment, and says of each thing that can be wrong whether it is. Looking changes nothing.
 * **Invariant:** a fix takes away nothing that anybody could still need: no work that goes on, no record, no reply. Whatever asks for a decision
 * (settings of Redis, more agents, what to do with a dead letter) is left to people, with the mend in words.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { hasEnded, NewerSchemaError, type OutboxEntry, partitionCount, type WorkflowStore } from '@baton/core';
import { type FindingCode, type FindingView, findingCodes } from '@baton/protocol';
import {
  abandonedCapabilities,
  createDeadLetters,
  eternalKeys,
  expireEternalKeys,
  findOrphans,
  isShardUp,
  listAgents,
  type OrphansOptions,
  partitionOwners,
  type Redis,
  readBacklog,
  readClocks,
  readGivenUp,
  readSchemas,
  readServerInfo,
  readWaitingStarts,
  removeOrphans,
  type ServerInfo,
  serverEndpoint,
  serverOf,
} from '@baton/queue';
import { expireForgottenDefinitions, forgottenDefinitions, StoreError } from '@baton/store';
import { judgeClocks } from './clock.ts';
import { judgeSchemas } from './schema.ts';
import { judgeEviction, judgeMemory, judgePersistence, judgeReplication, judgeVersion } from './server.ts';
import { counted, together, type Verdict, warning } from './verdict.ts';
import {
  judgeBacklog,
  judgeDeadLetters,
  judgeExpiry,
  judgeGivenUp,
  judgeOrphans,
  judgeOutbox,
  judgePartitions,
  judgeShards,
  judgeUnserved,
  judgeWaitingStarts,
} from './work.ts';

export interface DoctorDeps {
  readonly redis: Redis;
  /** Of each shard, in their order. */
  readonly prefixes: readonly string[];
  /** Of each shard, in their order. */
  readonly stores: readonly Pick<WorkflowStore, 'summary' | 'staleOutbox'>[];
  /** ms since the epoch. */
  readonly now: () => number;
}

export interface Fixed {
  readonly code: FindingCode;
  readonly message: string;
}

export interface Doctor {
  /** One finding for each code, in their order. Throws where Redis does not answer. */
  examine(): Promise<readonly FindingView[]>;
  /** Mends what is `fixable`. */
  fix(): Promise<readonly Fixed[]>;
}

/** One shard. */
export interface Patient extends Pick<DoctorDeps, 'redis' | 'now'> {
  readonly prefix: string;
  readonly store: DoctorDeps['stores'][number];
}

/** Whom there is to ask. */
interface Reached {
  readonly hosts: readonly Host[];
  readonly patients: readonly Patient[];
  /** What is said of the shards themselves. */
  readonly shards: Verdict;
}

/** One server. */
interface Host {
  readonly server: ReturnType<typeof serverOf>;
  readonly info: ServerInfo;
}

const outboxAgeMs = 60_000;
const outboxPerPartitionMax = 100;
/** An orchestrator without a turn for so long is gone. */
const aliveMs = 10_000;
const givenUpWindowMs = 60 * 60_000;
/** A node to which nothing was sent yet is connected to only now. */
const reachMs = 2_000;
const reachPollMs = 50;

/** Asked of every server. */
const hostChecks = {
  redis_version: async ({ info }) => judgeVersion(info),
  persistence: async ({ server, info }) => judgePersistence(info, await appendfsync(server)),
  eviction: async ({ info }) => judgeEviction(info),
  memory: async ({ info }) => judgeMemory(info),
  replication: async ({ info }) => judgeReplication(info),
} satisfies Partial<Record<FindingCode, (host: Host) => Promise<Verdict>>>;

/** Asked of every shard. */
const checks: Readonly<Record<Exclude<FindingCode, keyof typeof hostChecks | 'unreachable_shards'>, (patient: Patient) => Promise<Verdict>>> = {
  clocks: async ({ redis, prefix, now }) => judgeClocks(await readClocks(redis, prefix, now)),
  partitions_without_owner: async ({ redis, prefix }) => judgePartitions(await partitionOwners(redis, prefix)),
  result_lag: async ({ redis, prefix }) => judgeBacklog(await readBacklog(redis, prefix), await partitionOwners(redis, prefix)),
  stuck_outbox: async (patient) => judgeOutbox(await stuck(patient), outboxPerPartitionMax),
  capabilities_without_agent: async ({ redis, prefix }) => judgeUnserved(await abandonedCapabilities(redis, prefix)),
  starts_waiting: async ({ redis, prefix, now }) => judgeWaitingStarts(await readWaitingStarts(redis, prefix), now()),
  schema_versions: async ({ redis, prefix }) => judgeSchemas(await readSchemas(redis, prefix, aliveMs), await listAgents(redis, prefix)),
  orphaned_jobs: async (patient) => judgeOrphans(await findOrphans(orphansOf(patient))),
  failed_jobs: async ({ redis, prefix, now }) => judgeGivenUp(await readGivenUp(redis, prefix, now() - givenUpWindowMs), 'the last hour'),
  dead_letters: async ({ redis, prefix }) => judgeDeadLetters(await createDeadLetters({ redis, prefix }).count()),
  unexpiring_keys: async ({ redis, prefix }) =>
    judgeExpiry(await eternalKeys(redis, prefix), await forgottenDefinitions(redis, serverOf(redis, prefix), prefix)),
};

/** Null: it turned out that nothing was to be done. */
const cures: Readonly<Partial<Record<FindingCode, (patient: Patient) => Promise<string | null>>>> = {
  async orphaned_jobs(patient) {
    const removed = (await removeOrphans(orphansOf(patient))).flatMap(({ jobIds }) => jobIds);
    return removed.length === 0 ? null : `Removed ${counted(removed.length, 'job')} of workflows that have ended.`;
  },
  async unexpiring_keys({ redis, prefix }) {
    const { hashes } = await forgottenDefinitions(redis, serverOf(redis, prefix), prefix);
    const [keys, definitions] = await Promise.all([expireEternalKeys(redis, prefix), expireForgottenDefinitions(redis, prefix, hashes)]);
    return keys + definitions === 0
      ? null
      : `Gave an expiry to ${counted(keys, 'lease or lock', 'leases and locks')} and ${counted(definitions, 'definition')}.`;
  },
};

export function createDoctor({ redis, prefixes, stores, now }: DoctorDeps): Doctor {
  const patients = prefixes.map((prefix, shard): Patient => ({ redis, prefix, store: stores[shard] as Patient['store'], now }));

  /** Of a cluster one node may be away: it is told, and not asked. Where nobody is there, the first question waits for Redis. */
  async function reach(): Promise<Reached> {
    const isUp = ({ prefix }: Patient): boolean => isShardUp(redis, prefix);
    const until = performance.now() + reachMs;
    while (!patients.map(isUp).every(Boolean) && performance.now() < until) await delay(reachPollMs);
    const up = patients.filter(isUp);
    const asked = up.length === 0 ? patients : up;
    const servers = [...new Set(asked.map(({ prefix }) => serverOf(redis, prefix)))];
    const hosts = await Promise.all(servers.map(async (server) => ({ server, info: await readServerInfo(server) })));
    const away = patients.filter((patient) => !asked.includes(patient)).map(({ prefix }) => prefix);
    return { hosts, patients: asked, shards: judgeShards(away, patients.length) };
  }

  async function find(code: FindingCode, { hosts, patients: asked, shards }: Reached): Promise<FindingView> {
    const verdicts =
      code === 'unreachable_shards'
        ? [Promise.resolve(['', shards] as const)]
        : isOfHost(code)
          ? hosts.map(async (host) => [serverEndpoint(host.server), await hostChecks[code](host).catch(unknown)] as const)
          : asked.map(async (patient) => [patient.prefix, await checks[code](patient).catch(unknown)] as const);
    const verdict = together(await Promise.all(verdicts));
    return { code, ...verdict, fixable: verdict.severity !== 'ok' && code in cures };
  }

  return {
    async examine() {
      const reached = await reach();
      return await Promise.all(findingCodes.map((code) => find(code, reached)));
    },
    async fix() {
      const fixed: Fixed[] = [];
      const reached = await reach();
      for (const { code, fixable } of await Promise.all(findingCodes.map((each) => find(each, reached)))) {
        const cure = fixable ? cures[code] : undefined;
        if (cure === undefined) continue;
        for (const patient of reached.patients) {
          const message = await cure(patient);
          if (message !== null) fixed.push({ code, message });
        }
      }
      return fixed;
    },
  };
}

function isOfHost(code: FindingCode): code is keyof typeof hostChecks {
  return code in hostChecks;
}

/** Redis has refused a command: one thing less is known, and the rest is worth telling. Everything else is an outage or a bug. */
function unknown(error: unknown): Verdict {
  if (!(error instanceof Error)) throw error;
  const isRefused = error instanceof StoreError ? error.code === 'REFUSED' : error.name === 'ReplyError';
  if (!isRefused) throw error;
  return warning(`It could not be looked at: ${error.message}.`, 'Allow the Redis user of the API and the orchestrator what it was refused.');
}

/** Null: CONFIG is forbidden. */
async function appendfsync(server: Host['server']): Promise<string | null> {
  try {
    return ((await server.config('GET', 'appendfsync')) as readonly string[])[1] ?? null;
  } catch (error) {
    if (error instanceof Error && error.name === 'ReplyError') return null;
    throw error;
  }
}

/** Longest first within each partition. */
async function stuck({ store, now }: Patient): Promise<readonly OutboxEntry[]> {
  const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
  return (await Promise.all(partitions.map((partition) => store.staleOutbox(partition, now() - outboxAgeMs, outboxPerPartitionMax)))).flat();
}

export function orphansOf({ redis, prefix, store }: Patient): OrphansOptions {
  return {
    redis,
    prefix,
    async isOver(workflowId) {
      try {
        const summary = await store.summary(workflowId);
        return summary === null || hasEnded(summary.state);
      } catch (error) {
        if (error instanceof NewerSchemaError) return false;
        throw error;
      }
    },
  };
}
