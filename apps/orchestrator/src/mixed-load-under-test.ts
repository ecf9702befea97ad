/** Load for tests that replace processes: workflows with every kind of node, started and told over HTTP, one API after the other. */
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';

/** What the agents must serve. */
export const mixedCapabilities = ['roll.work', 'roll.judge', 'roll.plan'] as const;

const work = (id: string, rest: object = {}) => ({ id, capability: 'roll.work', params: { ms: 5 }, ...rest });
const child = { name: 'roll_child', version: 1, nodes: [work('first'), work('second', { needs: ['first'] })] };
const mixed = {
  name: 'roll_mixed',
  version: 1,
  nodes: [
    work('fetch'),
    work('clean', { needs: ['fetch'] }),
    { id: 'each', kind: 'map', needs: ['clean'], over: [5, 10, 15, 20], each: { capability: 'roll.work', params: { ms: '$item' } } },
    {
      id: 'refine',
      kind: 'loop',
      needs: ['clean'],
      generate: { capability: 'roll.work' },
      critique: { capability: 'roll.judge', params: { value: { quality_score: 1 } } },
      threshold: 0.5,
    },
    { id: 'go', kind: 'signal', signal: 'go' },
    { id: 'nap', kind: 'sleep', needs: ['go'], for_ms: 100 },
    { id: 'ok', kind: 'approval', needs: ['nap'], timeout_ms: 100, on_expiry: 'approve' },
    { id: 'below', kind: 'workflow', needs: ['ok'], type: 'roll_child' },
    { id: 'plan', kind: 'plan', capability: 'roll.plan', needs: ['fetch'], params: { value: { nodes: [work('extra')] } }, allow: ['roll.work'] },
    { id: 'all', kind: 'gather', needs: ['each', 'refine', 'below', 'plan'] },
    work('last', { needs: ['all'] }),
  ],
  result: { last: '$steps.last' },
};
/** Of one of them, the child's included. */
export const tasksPerWorkflow = 13;

export interface MixedLoad {
  /** Where to ask, in turn; those that refuse the connection are passed over. */
  readonly urls: string[];
  /** What was accepted. */
  readonly accepted: readonly string[];
  /** Every answer that was none of the expected ones, and every error but a refused connection. */
  readonly troubles: readonly string[];
  /** Ends with what is on its way. */
  stop(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** @param everyMs between two starts */
export async function startMixedLoad(urls: readonly string[], everyMs: number): Promise<MixedLoad> {
  const load = { urls: [...urls], accepted: [] as string[], troubles: [] as string[] };
  const stopping = new AbortController();
  const ask = roundRobin(load.urls);
  for (const type of [child, mixed]) expect(await ask('/v1/workflow-types', type)).toMatchObject({ status: 201 });

  async function start(id: string): Promise<void> {
    try {
      const created = await ask('/v1/workflows', { workflow_id: id, type: 'roll_mixed', params: {} });
      if (created.status !== 201) return void load.troubles.push(`${id}: ${created.status} ${created.text}`);
      load.accepted.push(id);
      const told = await ask(`/v1/workflows/${id}/signals/go`, { id: 'once' });
      if (told.status !== 200) load.troubles.push(`${id}: signal ${told.status} ${told.text}`);
    } catch (error) {
      load.troubles.push(`${id}: ${String(error)}`);
    }
  }

  async function run(): Promise<void> {
    const started: Promise<void>[] = [];
    while (!stopping.signal.aborted) {
      started.push(start(`roll${started.length}`));
      await delay(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    await Promise.all(started);
  }

  const running = run();
  return {
    ...load,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** @returns what POSTs, to the next one of them; to the one after if that refuses the connection, or knows only older workflows, and for no other reason */
function roundRobin(urls: readonly string[]): (path: string, body: object) => Promise<Answer> {
  let turn = 0;
  return async (path, body) => {
    for (let tries = 0; ; tries += 1) {
      turn += 1;
      const url = urls[turn % urls.length] as string;
      try {
        const answer = await post(`${url}${path}`, JSON.stringify(body));
        // Nothing was done, and another one may know it.
        if (answer.status !== 503 || !answer.text.includes('newer_schema') || tries > urls.length) return answer;
      } catch (error) {
        if (!isUnheard(error as NodeJS.ErrnoException) || tries > urls.length) throw error;
      }
    }
  };
}

/** Refused, or taken by the system for a process that ended before it took it over. A start that was heard all the same is not created by its repetition, which shows. */
function isUnheard({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNREFUSED' || code === 'ECONNRESET';
}

/** A connection of its own: one that is kept might be closed under a request. */
function post(url: string, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', agent: false, headers: { 'content-type': 'application/json' } }, (response) => {
      text(response).then((said) => resolve({ status: response.statusCode ?? 0, text: said }), reject);
    });
    asked.once('error', reject).end(body);
  });
}
