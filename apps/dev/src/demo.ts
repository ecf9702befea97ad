/** `./dev demo`: the weekly sales dashboard, start to report, through the client that people use, on a stack of its own. */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exitCodes } from '@baton/protocol';
import { type ClientRun, runClient } from './baton.ts';
import { demoData } from './demo-data.ts';
import { interrupted } from './interrupt.ts';
import { findRedis } from './redis.ts';
import { say } from './say.ts';
import { startStack } from './stack.ts';

/** @returns the exit code of the workflow, as the client gave it */
export async function demo(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean', default: false }, keep: { type: 'boolean', default: false } } });
  await using running = new AsyncDisposableStack();
  const redis = await findRedis({ persistent: false, say }, signal);
  running.defer(() => redis.stop());
  say(`Redis: ${redis.origin}; starting orchestrator, API and two workers`);
  const stack = await startStack({ redisUrl: redis.url, workers: 2, ports: 'free', dataRoots: [demoData.root] }, signal);
  running.defer(() => stack.stop());

  const broken = Promise.race([stack.broken, redis.broken]);
  const client = new AbortController();
  running.defer(() => client.abort());
  const end = await Promise.race([runWorkflow(stack.apiUrl, values.json, AbortSignal.any([signal, client.signal])), broken]);
  if (values.keep && !signal.aborted && typeof end === 'number') {
    say(`the stack stays until Ctrl-C: ${stack.apiUrl}, ${stack.apiUrl}/queues`);
    return reported((await Promise.race([interrupted(signal), broken])) ?? end);
  }
  return reported(end);
}

/** An exit code as it is; of the words for what broke, 1, after saying them. */
function reported(end: number | string): number {
  if (typeof end === 'number') return end;
  say(end);
  return exitCodes.failed;
}

async function runWorkflow(apiUrl: string, json: boolean, signal: AbortSignal): Promise<number> {
  const client = (args: readonly string[], capture: boolean): Promise<ClientRun> => runClient(args, { apiUrl, capture, signal });
  const registered = await client(['type', 'register', demoData.definition, ...(json ? ['--json'] : [])], json);
  if (registered.code !== 0) return registered.code;

  const id = `demo-${randomBytes(4).toString('hex')}`;
  const start = ['workflow', 'start', demoData.type, '--id', id, '--params-file', demoData.params, '--watch'];
  const watched = await client(json ? [...start, '--json'] : start, false);
  if (watched.code !== 0 || json || signal.aborted) return watched.code;

  const { output } = await client(['workflow', 'result', id, '--json'], true);
  const { result } = JSON.parse(output) as { readonly result: ReportResult };
  const inAll = `${(performance.now() / 1000).toFixed(1)} s in all`;
  console.log(`\n${result.headline}\n  report  ${fileURLToPath(result.html_uri)}\n  e-mail  ${fileURLToPath(result.eml_uri)}\n  time    ${inAll}`);
  return 0;
}

interface ReportResult {
  readonly headline: string;
  readonly html_uri: string;
  readonly eml_uri: string;
}
