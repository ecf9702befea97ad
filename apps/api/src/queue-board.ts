/**
 * Bull Board at /queues, for looking only. **Invariant:** nothing that changes a queue gets past the hook, whatever the board's own routes allow;
 * a job that was retried or removed by hand would be one that the engine knows nothing of. The board is loaded when somebody first looks.
 */
import type { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { type FastifyInstance, fastify } from 'fastify';
import { problem } from './answer.ts';
import type { ApiDeps } from './deps.ts';
import { failureAnswer, redisAway } from './failure.ts';
import { send, sendNotFound } from './send.ts';

/** A BullMQ queue, without importing BullMQ: only `queue` does. */
export type BoardQueue = ConstructorParameters<typeof BullMQAdapter>[0];

type BoardDeps = Pick<ApiDeps, 'queues' | 'isRedisUp' | 'log'>;

export const boardPath = '/queues';

export async function registerQueueBoard(app: FastifyInstance, deps: BoardDeps): Promise<void> {
  let loading: Promise<Board> | undefined;
  app.addHook('onClose', async () => await (await loading)?.app.close());
  await app.register(async (scope) => {
    scope.addHook('onRequest', async (request, reply) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        return send(reply, problem('read_only', 'The queues can be looked at here, not changed: what changes them is the engine.'));
      }
      if (request.url.startsWith(`${boardPath}/api/`) && !deps.isRedisUp('all')) return send(reply, redisAway);
    });
    for (const url of [boardPath, `${boardPath}/*`]) {
      scope.all(url, async (request, reply) => {
        const board = await (loading ??= loadBoard(deps));
        if (request.url.startsWith(`${boardPath}/api/`)) await board.refresh();
        reply.hijack();
        reply.raw.setHeader('x-request-id', request.id);
        board.app.routing(request.raw, reply.raw);
      });
    }
  });
}

interface Board {
  readonly app: FastifyInstance;
  /** Takes in queues that are new, and leaves out those that are gone. */
  readonly refresh: () => Promise<void>;
}

/** An application of its own, for routes cannot be added to one that listens; it weighs a fifth of the API, mostly for nobody. */
async function loadBoard({ queues, log }: BoardDeps): Promise<Board> {
  const [api, bullmq, server] = await Promise.all([import('@bull-board/api'), import('@bull-board/api/bullMQAdapter'), import('@bull-board/fastify')]);
  const serverAdapter = new server.FastifyAdapter().setBasePath(boardPath);
  const board = api.createBullBoard({ queues: [], serverAdapter, options: { uiConfig: { boardTitle: 'Baton queues' } } });
  serverAdapter.setErrorHandler((error) => {
    const answer = failureAnswer(error, 'of the queue board');
    log.error({ event: 'queue_board_failed', err: error });
    return { status: answer.status as 500, body: answer.body as never };
  });
  const app = fastify({ logger: false }).setNotFoundHandler(sendNotFound);
  await app.register(serverAdapter.registerPlugin(), { prefix: boardPath });
  await app.ready();

  const adapters = new Map<string, BullMQAdapter>();
  const refresh = async (): Promise<void> => {
    const all = await queues();
    const keys = new Set(all.map(keyOf));
    for (const key of adapters.keys()) if (!keys.has(key)) adapters.delete(key);
    const home = all[0]?.opts.prefix;
    for (const queue of all.filter((each) => !adapters.has(keyOf(each)))) {
      // Each shard has queues of the same names; the board knows them apart by what it shows.
      const prefix = queue.opts.prefix === home ? '' : `${queue.opts.prefix} `;
      adapters.set(keyOf(queue), new bullmq.BullMQAdapter(queue, { readOnlyMode: true, prefix }));
    }
    board.replaceQueues([...adapters.values()]);
  };
  return { app, refresh };
}

function keyOf(queue: BoardQueue): string {
  return `${queue.opts.prefix}:${queue.name}`;
}
