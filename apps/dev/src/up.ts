/** `./dev up`: a stack that stays, on the documented ports. Nothing is restarted in silence: an app that dies ends it all. */
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { exitCodes } from '@baton/protocol';
import { files } from './checkout.ts';
import { demoRoots } from './demo-data.ts';
import { interrupted } from './interrupt.ts';
import type { LogLine } from './process.ts';
import { findRedis } from './redis.ts';
import { say } from './say.ts';
import { portsOf, startStack } from './stack.ts';

export async function up(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { workers: { type: 'string', default: '2' }, verbose: { type: 'boolean', default: false } } });
  const workers = Number(values.workers);
  if (!Number.isInteger(workers) || workers < 0 || workers > 64) {
    say(`--workers is a number from 0 to 64, not "${values.workers}".`);
    return exitCodes.badInput;
  }
  const taken = await portsInUse(portsOf(workers));
  if (taken.length > 0) {
    say(`Port ${taken.join(', ')} of 127.0.0.1 is in use, perhaps by another "./dev up": stop that first ("lsof -i :${taken[0]}" shows whose it is).`);
    return exitCodes.failed;
  }

  await using running = new AsyncDisposableStack();
  const redis = await findRedis({ persistent: true, say }, signal);
  running.defer(() => redis.stop());
  const onLine = (app: string, line: LogLine): void => show(app, line, values.verbose);
  const stack = await startStack({ redisUrl: redis.url, workers, ports: 'fixed', dataRoots: demoRoots, onLine }, signal);
  running.defer(() => stack.stop());

  console.log(`
  API          ${stack.apiUrl}
  queues       ${stack.apiUrl}/queues
  metrics      ${[`${stack.apiUrl}/metrics`, ...Object.values(stack.metricsUrls)].join('\n               ')}
  Redis        ${redis.url} (${redis.origin})
  files        ${files}

  ./dev baton --help talks to it; Ctrl-C stops it.`);
  const end = await Promise.race([stack.broken, redis.broken, interrupted(signal)]);
  if (end !== null) {
    say(end);
    return exitCodes.failed;
  }
  say('stopping');
  return exitCodes.ok;
}

function show(app: string, { text, fields }: LogLine, verbose: boolean): void {
  const isRoutine = fields['level'] === 'info' || fields['level'] === 'debug' || fields['level'] === 'trace';
  if (verbose || !isRoutine) console.log(`${app}  ${text}`);
}

async function portsInUse(ports: readonly number[]): Promise<readonly number[]> {
  const answers = await Promise.all(ports.map(answersOn));
  return ports.filter((_, index) => answers[index]);
}

function answersOn(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
