/** `./dev demo [name]`: one of the example workflows, start to report, through the client that people use, on a stack of its own. */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exitCodes } from '@baton/protocol';
import { type ClientRun, runClient } from './baton.ts';
import { type Demo, demoRoots, demos, type Result } from './demo-data.ts';
import { interrupted } from './interrupt.ts';
import { findRedis } from './redis.ts';
import { say } from './say.ts';
import { startStack } from './stack.ts';

const flags = { json: { type: 'boolean', default: false }, keep: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } as const;

/** @returns the exit code of the workflow, as the client gave it */
export async function demo(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: flags, allowPositionals: true });
  if (values.help) {
    console.log(demoUsage());
    return exitCodes.ok;
  }
  const [name = 'sales', ...rest] = positionals;
  const chosen = Object.hasOwn(demos, name) ? demos[name as keyof typeof demos] : undefined;
  if (chosen === undefined || rest.length > 0) {
    say(`there is no demo "${positionals.join(' ')}".\n\n${demoUsage()}`);
    return exitCodes.badInput;
  }
  await using running = new AsyncDisposableStack();
  const redis = await findRedis({ persistent: false, say }, signal);
  running.defer(() => redis.stop());
  say(`Redis: ${redis.origin}; starting orchestrator, API and two workers of each kind`);
  const stack = await startStack({ redisUrl: redis.url, workers: 2, ports: 'free', dataRoots: demoRoots }, signal);
  running.defer(() => stack.stop());

  const broken = Promise.race([stack.broken, redis.broken]);
  const client = new AbortController();
  running.defer(() => client.abort());
  const end = await Promise.race([runWorkflow(chosen, stack.apiUrl, values.json, AbortSignal.any([signal, client.signal])), broken]);
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

async function runWorkflow(example: Demo, apiUrl: string, json: boolean, signal: AbortSignal): Promise<number> {
  const client = (args: readonly string[], capture: boolean): Promise<ClientRun> => runClient(args, { apiUrl, capture, signal });
  const registered = await client(['type', 'register', example.definition, ...(json ? ['--json'] : [])], json);
  if (registered.code !== 0) return registered.code;

  const id = `demo-${randomBytes(4).toString('hex')}`;
  const start = ['workflow', 'start', example.type, '--id', id, '--params-file', example.params, '--watch'];
  const watched = await client(json ? [...start, '--json'] : start, false);
  if (watched.code !== 0 || json || signal.aborted) return watched.code;

  const { output } = await client(['workflow', 'result', id, '--json'], true);
  const { result } = JSON.parse(output) as { readonly result: Result };
  console.log(`\n${ending(example, result)}`);
  return 0;
}

function ending({ headline, files }: Demo, result: Result): string {
  const paths = Object.entries(files).map(([label, key]) => [label, fileURLToPath(String(result[key]))] as const);
  const lines = [...paths, ['time', `${(performance.now() / 1000).toFixed(1)} s in all`] as const];
  const width = Math.max(...lines.map(([label]) => label.length));
  return [headline(result), ...lines.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`)].join('\n');
}

function demoUsage(): string {
  const width = Math.max(...Object.keys(demos).map((name) => name.length));
  const lines = Object.entries(demos).map(([name, { about }]) => `  ${name.padEnd(width)}   ${about}`);
  return `Usage: ./dev demo [name] [--json] [--keep]\n\n${lines.join('\n')}\n\nWithout a name: sales.`;
}
