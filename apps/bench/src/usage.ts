/** What processes and Redis have used so far, and the difference of two such moments. Reads /proc: the benchmark runs on Linux. */
import { readFileSync } from 'node:fs';
import type { Redis } from '@baton/queue';

export interface Usage {
  /** ms of `performance.now()` */
  readonly at: number;
  /** Since the process began, by role; Redis among them. */
  readonly cpuMs: Readonly<Record<string, number>>;
  readonly rssBytes: Readonly<Record<string, number>>;
  readonly usedMemoryBytes: number;
  /** By command, those from inside scripts included. */
  readonly commands: Readonly<Record<string, { readonly calls: number; readonly usec: number }>>;
}

export interface Measured {
  readonly role: string;
  readonly pid: number;
}

/** Linux tells all programs 100, whatever the kernel counts in. */
const ticksPerSecond = 100;

/** The processes are read at once, Redis as soon as it answers. */
export async function usageOf(processes: readonly Measured[], redis: Redis): Promise<Usage> {
  const at = performance.now();
  const cpuMs = Object.fromEntries(processes.map(({ role, pid }) => [role, cpuMsOf(readFileSync(`/proc/${pid}/stat`, 'utf8'))]));
  const rssBytes = Object.fromEntries(processes.map(({ role, pid }) => [role, rssBytesOf(readFileSync(`/proc/${pid}/status`, 'utf8'))]));
  const [cpu, memory, commands] = await Promise.all([redis.info('cpu'), redis.info('memory'), redis.info('commandstats')]);
  return {
    at,
    cpuMs: { ...cpuMs, redis: 1_000 * (infoNumber(cpu, 'used_cpu_user') + infoNumber(cpu, 'used_cpu_sys')) },
    rssBytes: { ...rssBytes, redis: infoNumber(memory, 'used_memory_rss') },
    usedMemoryBytes: infoNumber(memory, 'used_memory'),
    commands: commandsOf(commands),
  };
}

/** User and system time from /proc/<pid>/stat. The program's name stands in parentheses and may hold spaces and parentheses itself. */
export function cpuMsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  if (!Number.isFinite(user + system)) throw new TypeError(`This is no /proc/<pid>/stat: ${stat.slice(0, 200)}`);
  return ((user + system) * 1_000) / ticksPerSecond;
}

export function rssBytesOf(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1_024;
}

export function infoNumber(info: string, field: string): number {
  return Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(info)?.[1] ?? Number.NaN);
}

export function commandsOf(info: string): Usage['commands'] {
  const lines = info.matchAll(/^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/gm);
  return Object.fromEntries([...lines].map(([, command = '', calls, usec]) => [command, { calls: Number(calls), usec: Number(usec) }]));
}

export interface Spent {
  readonly ms: number;
  readonly cpuMs: Readonly<Record<string, number>>;
  readonly commands: Usage['commands'];
}

/** What was used between the two; commands that were not called are left out. */
export function spentBetween(before: Usage, after: Usage): Spent {
  const commands = Object.entries(after.commands).map(([name, { calls, usec }]) => {
    const earlier = before.commands[name] ?? { calls: 0, usec: 0 };
    return [name, { calls: calls - earlier.calls, usec: usec - earlier.usec }] as const;
  });
  return {
    ms: after.at - before.at,
    cpuMs: Object.fromEntries(Object.entries(after.cpuMs).map(([role, ms]) => [role, ms - (before.cpuMs[role] ?? 0)])),
    commands: Object.fromEntries(commands.filter(([, { calls }]) => calls > 0)),
  };
}

export function sum(values: Readonly<Record<string, number>>): number {
  return Object.values(values).reduce((total, value) => total + value, 0);
}
