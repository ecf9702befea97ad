/** Whether Redis keeps what it is given: judged by what it says of itself. Pure. */
import { isOldServer, mayEvict, memoryUse, type ServerInfo, versionMin } from '@baton/queue';
import { counted, fine, listed, problem, type Verdict, warning } from './verdict.ts';

const fullWarning = 0.8;
const fullProblem = 0.95;
const lagSecondsMax = 10;
const askServer = 'Look at its INFO with redis-cli: hosted servers may not tell everything.';

export function judgeVersion(info: ServerInfo): Verdict {
  const version = info.get('redis_version');
  const isOld = isOldServer(info);
  if (isOld === null) return warning('Redis does not tell its version.', askServer);
  return isOld ? problem(`Redis is version ${version}.`, `Install Redis ${versionMin} or newer.`) : fine(`Redis is version ${version}.`);
}

export function judgeEviction(info: ServerInfo): Verdict {
  const policy = info.get('maxmemory_policy');
  const evicts = mayEvict(info);
  if (evicts === null) return warning('Redis does not tell its maxmemory-policy.', askServer);
  if (!evicts) return fine('Redis evicts nothing (maxmemory-policy noeviction).');
  return problem(`Redis may evict keys (maxmemory-policy ${policy}), which loses workflows.`, 'Set maxmemory-policy to noeviction in its redis.conf.');
}

/** @param appendfsync null: we may not ask */
export function judgePersistence(info: ServerInfo, appendfsync: string | null): Verdict {
  const aof = info.get('aof_enabled');
  if (aof === undefined) return warning('Redis does not tell whether it keeps an append-only file.', askServer);
  if (aof === '0') return problem('Redis keeps no append-only file: a restart loses what it was given.', 'Set appendonly to yes in its redis.conf.');
  const failed = ['aof_last_write_status', 'aof_last_bgrewrite_status', 'rdb_last_bgsave_status'].filter((name) => info.get(name) === 'err');
  if (failed.length > 0) return problem(`Redis could not write to its disk (${failed.join(', ')}).`, 'Look at its log, and at the space on its disk.');
  if (appendfsync === 'no') {
    return warning('Redis leaves it to the system when its append-only file is on disk (appendfsync no).', 'Set appendfsync to everysec in its redis.conf.');
  }
  return fine(`Redis keeps an append-only file (appendfsync ${appendfsync ?? 'unknown: CONFIG is forbidden'}).`);
}

export function judgeMemory(info: ServerInfo): Verdict {
  const use = memoryUse(info);
  if (use === null) return memoryUnknown(info);
  const { usedBytes, bytesMax, isLimited } = use;
  const share = usedBytes / bytesMax;
  const size = isLimited ? `its limit of ${bytesText(bytesMax)} (maxmemory)` : `its machine's ${bytesText(bytesMax)}`;
  const of = `Redis uses ${bytesText(usedBytes)}, ${Math.round(share * 100)} % of ${size}`;
  if (share < fullWarning) return fine(`${of}.`);
  const mend = 'Give it more, or shorten retention_ms of the workflow types that keep the most.';
  const end = isLimited ? 'at the limit it refuses every write' : 'the system ends it when there is no more';
  return share < fullProblem ? warning(`${of}: ${end}.`, mend) : problem(`${of}: ${end}.`, mend);
}

function memoryUnknown(info: ServerInfo): Verdict {
  const used = Number(info.get('used_memory') ?? Number.NaN);
  if (Number.isNaN(used)) return warning('Redis does not tell how much memory it uses.', askServer);
  return fine(`Redis uses ${bytesText(used)}; it has no limit of its own.`);
}

export function judgeReplication(info: ServerInfo): Verdict {
  const role = info.get('role');
  if (role === undefined) return warning('Redis does not tell its role.', askServer);
  if (role !== 'master') return problem(`Redis is a replica (role ${role}), which takes no writes.`, 'Set BATON_REDIS_URL to the primary.');
  const replicas = [...info].flatMap(([name, value]) => (/^slave\d+$/.test(name) ? [new Map(value.split(',').map(pairOf))] : []));
  if (replicas.length === 0) return fine('Redis is a primary without replicas: what is not on its disk goes with its machine.');
  const behind = replicas.filter((replica) => replica.get('state') !== 'online' || Number(replica.get('lag')) > lagSecondsMax);
  const nameOf = (replica: ReadonlyMap<string, string>): string =>
    `${replica.get('ip')}:${replica.get('port')} (${replica.get('state')}, ${replica.get('lag')} s behind)`;
  if (behind.length === 0) return fine(`Redis is a primary with ${counted(replicas.length, 'replica')}: ${listed(replicas.map(nameOf))}.`);
  return warning(
    `Replicas of Redis do not keep up: ${listed(behind.map(nameOf))}.`,
    'Look at their logs and at the network between: a failover now would lose what they miss.',
  );
}

function pairOf(text: string): readonly [string, string] {
  const [name = '', value = ''] = text.split('=');
  return [name, value];
}

function bytesText(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  return mebibytes < 1_024 ? `${mebibytes.toFixed(1)} MiB` : `${(mebibytes / 1_024).toFixed(1)} GiB`;
}
