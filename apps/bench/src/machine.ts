/** Where and of what the figures are. */
import { spawnSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { connectRedis } from '@baton/queue';
import { startRedis } from '@baton/testkit';
import { root } from './process.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly node: string;
  readonly redis: string;
  /** Of the last minute, before the benchmark: what else the machine was busy with. */
  readonly loadBefore: number;
}

/** @throws {Error} saying what to install where there is no Redis */
export async function describeMachine(): Promise<Machine> {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryBytes: totalmem(),
    node: process.versions.node,
    redis: await redisVersion(),
    loadBefore: loadavg()[0] ?? 0,
  };
}

async function redisVersion(): Promise<string> {
  const fixture = await startRedis();
  const redis = await connectRedis(fixture.url, { name: 'bench-version' });
  const info = await redis.info('server');
  redis.disconnect();
  await fixture.stop();
  return /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown';
}

export interface Commit {
  readonly commit: string;
  /** There were changes that no commit has. */
  readonly isDirty: boolean;
}

export function currentCommit(): Commit {
  const git = (...args: readonly string[]): string => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout?.trim() ?? '';
  return { commit: git('rev-parse', '--short', 'HEAD') || 'unknown', isDirty: git('status', '--porcelain') !== '' };
}
