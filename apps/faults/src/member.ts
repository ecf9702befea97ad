/**
 * A process of the deployment behind a proxy of its own, looked after as Kubernetes would: what ended is started again after a while.
 * **Invariant:** an end that nobody here has brought about is a finding, unless it was that of one which found no Redis at its start.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { exitCodes } from '@baton/protocol';
import type { TcpProxy } from '@baton/testkit';
import type { Order } from './order.ts';

export type Role = 'orchestrator' | 'api' | 'agent';

export interface MemberPlan {
  readonly name: string;
  readonly role: Role;
  readonly main: string;
  readonly env: Readonly<Record<string, string>>;
  readonly proxy: TcpProxy;
  readonly logs: string;
  /** What nobody here has done. */
  readonly onFinding: (finding: string) => void;
}

export interface Member {
  readonly name: string;
  readonly role: Role;
  readonly proxy: TcpProxy;
  /** Of all processes that it has been. */
  readonly pids: ReadonlySet<number>;
  /** When it has said so. @throws with its last words if it does not for too long */
  ready(): Promise<void>;
  /** SIGKILL, and a new one after so long. */
  kill(downMs: number): Promise<void>;
  /** SIGTERM, and a new one after so long. It must end by itself, with 0 where nothing else happens to it. */
  replace(downMs: number): Promise<number | null>;
  /** SIGSTOP, and SIGCONT after so long. */
  freeze(ms: number): Promise<void>;
  order(order: Order): void;
  /** SIGTERM, for good. @returns the exit code */
  stop(): Promise<number | null>;
  /** SIGKILL, for good. */
  drop(): Promise<void>;
}

/** When the pipe to this process ends, so does the child. */
const leash = "data:text/javascript,process.stdin.once('close', () => process.kill(process.pid, 'SIGKILL')).resume().unref()";
const restartMs = 500;
const readyMsMax = 60_000;
const stopMsMax = 25_000;
const tailBytes = 3_000;

interface Life {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly isReady: PromiseWithResolvers<void>;
  wasReady: boolean;
  /** Ours to end. */
  isExpected: boolean;
  tail: string;
}

export function startMember(plan: MemberPlan): Member {
  const { name, role, proxy, logs, onFinding } = plan;
  const log = createWriteStream(join(logs, `${name}.log`), { flags: 'a' });
  const pids = new Set<number>();
  let isStopping = false;
  let life = begin();

  function begin(): Life {
    const started = startLife(plan, log);
    pids.add(started.child.pid ?? 0);
    void started.ended.then((code) => onEnd(started, code));
    return started;
  }

  async function onEnd(ending: Life, code: number | null): Promise<void> {
    if (ending.isExpected) return;
    const isUnreachable = code === exitCodes.unreachable && !ending.wasReady;
    if (!isUnreachable) onFinding(`${name} (${ending.child.pid}) ended by itself with ${code ?? ending.child.signalCode}:\n${ending.tail}`);
    await again(restartMs);
  }

  async function again(afterMs: number): Promise<void> {
    const before = life;
    await delay(afterMs);
    // Whoever else has ended it, or seen it end, may have been faster.
    if (!isStopping && life === before) life = begin();
  }

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    life.isExpected = true;
    life.child.kill(signal);
    const timer = setTimeout(() => life.child.kill('SIGKILL'), stopMsMax);
    const code = await life.ended;
    clearTimeout(timer);
    return code;
  }

  return {
    name,
    role,
    proxy,
    pids,
    async ready() {
      const isReady = await Promise.race([life.isReady.promise.then(() => true), delay(readyMsMax, false, { ref: false })]);
      if (!isReady) throw new Error(`${name} did not get ready within ${readyMsMax} ms. Its last words:\n${life.tail}`);
    },
    async kill(downMs) {
      await end('SIGKILL');
      await again(downMs);
    },
    async replace(downMs) {
      const code = await end('SIGTERM');
      await again(downMs);
      return code;
    },
    async freeze(ms) {
      await frozen(life.child, ms);
    },
    order(order) {
      life.child.stdin?.write(`${JSON.stringify(order)}\n`);
    },
    async stop() {
      isStopping = true;
      return await end('SIGTERM');
    },
    async drop() {
      isStopping = true;
      await end('SIGKILL');
      log.end();
    },
  };
}

function startLife({ main, env }: MemberPlan, log: WriteStream): Life {
  const child = spawn(process.execPath, ['--import', leash, main], { env: environment(env), stdio: ['pipe', 'pipe', 'pipe'] });
  const life: Life = {
    child,
    ended: once(child, 'close').then(([code]) => code as number | null),
    isReady: Promise.withResolvers(),
    wasReady: false,
    isExpected: false,
    tail: '',
  };
  // Of one that has just been killed.
  child.stdin?.on('error', () => {});
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      log.write(chunk);
      life.tail = `${life.tail}${String(chunk)}`.slice(-tailBytes);
      if (life.wasReady || !/"event":"(?:api|orchestrator|agent)_ready"/.test(life.tail)) return;
      life.wasReady = true;
      life.isReady.resolve();
    });
  }
  return life;
}

/** By a shell of its own, which lets it go on also when this process is gone by then. */
async function frozen({ pid }: ChildProcess, ms: number): Promise<void> {
  const script = `kill -STOP ${pid} 2>/dev/null && sleep ${(ms / 1_000).toFixed(2)}; kill -CONT ${pid} 2>/dev/null`;
  const shell = spawn('/bin/sh', ['-c', script], { stdio: 'ignore', detached: true });
  await once(shell, 'close');
}

/** Ours, but for what would set up the processes otherwise than we do. */
function environment(own: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('BATON_'));
  return { ...Object.fromEntries(inherited), BATON_LOG_FORMAT: 'json', ...own };
}
