/** Whether everything has somebody who can read it, while processes of several versions run, or ran. Pure. */
import type { AgentEntry } from '@baton/protocol';
import type { SchemaFacts } from '@baton/queue';
import { counted, fine, listed, problem, type Verdict } from './verdict.ts';

export function judgeSchemas({ orchestrators, partitions }: SchemaFacts, agents: readonly Pick<AgentEntry, 'schema_version' | 'capabilities'>[]): Verdict {
  const [newest = Number.POSITIVE_INFINITY, oldest = newest] = [orchestrators[0], orchestrators.at(-1)];
  const unread = partitions.filter((version) => version > newest).length;
  if (unread > 0) {
    return problem(
      `In ${counted(unread, 'partition')} are workflows of schema ${Math.max(...partitions)}, and no orchestrator alive knows more than ${newest}: they stand still.`,
      'Start orchestrators of the newer version; the older ones go on with what they know.',
    );
  }
  const behind = orchestrators.length === 0 ? [] : unreadable(newest, agents);
  if (behind.length > 0) {
    return problem(
      `Orchestrators write schema ${newest}, and all agents of these capabilities know less: ${listed(behind)}. What those orchestrators send waits.`,
      'Start agents of the newer version.',
    );
  }
  if (oldest < newest) return fine(`Orchestrators of the schemas ${oldest} to ${newest} are alive: an upgrade is under way.`);
  return fine('All that is stored and sent can be read by who is alive.');
}

/** Capabilities that have agents, and none that knows the version. */
function unreadable(version: number, agents: Parameters<typeof judgeSchemas>[1]): readonly string[] {
  const names = (some: typeof agents): ReadonlySet<string> => new Set(some.flatMap(({ capabilities }) => capabilities.map(({ name }) => name)));
  const able = names(agents.filter(({ schema_version = 1 }) => schema_version >= version));
  return [...names(agents)].filter((name) => !able.has(name)).toSorted();
}
