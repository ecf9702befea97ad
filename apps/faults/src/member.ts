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

export class Member {
  readonly name: string;
  readonly role: Role;
  readonly proxy: TcpProxy;
  readonly #plan: MemberPlan;
  readonly #log: WriteStream;
  #isStopping = false;
  #life: Life;

  /** Starts it. */
  constructor(plan: MemberPlan) {
    [this.name, this.role, this.proxy] = [plan.name, plan.role, plan.proxy];
    this.#plan = plan;
    this.#log = createWriteStream(join(plan.logs, `${plan.name}.log`), { flags: 'a' });
    this.#life = this.#begin();
  }

  /** When it has said so. @throws with its last words if it does not for too long */
  async ready(): Promise<void> {
    const isReady = await Promise.race([this.#life.isReady.promise.then(() => true), delay(readyMsMax, false, { ref: false })]);
    if (!isReady) throw new Error(`${this.name} did not get ready within ${readyMsMax} ms. Its last words:\n${this.#life.tail}`);
  }

  /** SIGKILL, and a new one after so long. */
  async kill(downMs: number): Promise<void> {
    await this.#end('SIGKILL');
    await this.#again(downMs);
  }

  /** SIGTERM, and a new one after so long. It must end by itself, with 0 where nothing else happens to it. */
  async replace(downMs: number): Promise<number | null> {
    const code = await this.#end('SIGTERM');
    await this.#again(downMs);
    return code;
  }

  /** SIGSTOP, and SIGCONT after so long: by a shell of its own, which lets it go on also when this process is gone by then. */
  async freeze(ms: number): Promise<void> {
    const { pid } = this.#life.child;
    const script = `kill -STOP ${pid} 2>/dev/null && sleep ${(ms / 1_000).toFixed(2)}; kill -CONT ${pid} 2>/dev/null`;
    await once(spawn('/bin/sh', ['-c', script], { stdio: 'ignore', detached: true }), 'close');
  }

  order(order: Order): void {
    this.#life.child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  /** SIGTERM, for good. @returns the exit code */
  async stop(): Promise<number | null> {
    this.#isStopping = true;
    return await this.#end('SIGTERM');
  }

  /** SIGKILL, for good. */
  async drop(): Promise<void> {
    this.#isStopping = true;
    await this.#end('SIGKILL');
    this.#log.end();
  }

  #begin(): Life {
    const life = startLife(this.#plan, this.#log);
    void life.ended.then((code) => this.#onEnd(life, code));
    return life;
  }

  async #onEnd(life: Life, code: number | null): Promise<void> {
    if (life.isExpected) return;
    const foundNoRedis = code === exitCodes.unreachable && !life.wasReady;
    if (!foundNoRedis) this.#plan.onFinding(`${this.name} (${life.child.pid}) ended by itself with ${code ?? life.child.signalCode}:\n${life.tail}`);
    await this.#again(restartMs);
  }

  async #again(afterMs: number): Promise<void> {
    const before = this.#life;
    await delay(afterMs);
    // Whoever else has ended it, or seen it end, may have been faster.
    if (!this.#isStopping && this.#life === before) this.#life = this.#begin();
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const { child, ended } = this.#life;
    this.#life.isExpected = true;
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
    const code = await ended;
    clearTimeout(timer);
    return code;
  }
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

/** Ours, but for what would set up the processes otherwise than we do. */
function environment(own: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('BATON_'));
  return { ...Object.fromEntries(inherited), BATON_LOG_FORMAT: 'json', ...own };
}
