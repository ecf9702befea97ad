/**
 * Bull Board at /queues, for looking only. **Invariant:** nothing that changes a queue gets past the hook, whatever the board's own routes allow;
 * a job that was retried or removed by hand would be one that the engine knows nothing of.
 */
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { FastifyInstance } from 'fastify';
import { problem } from './answer.ts';
import type { ApiDeps } from './deps.ts';
import { failureAnswer, redisAway } from './failure.ts';
import { send } from './send.ts';

/** A BullMQ queue, without importing BullMQ: only `queue` does. */
export type BoardQueue = ConstructorParameters<typeof BullMQAdapter>[0];

export const boardPath = '/queues';

export async function registerQueueBoard(app: FastifyInstance, { queues, isRedisUp, log }: Pick<ApiDeps, 'queues' | 'isRedisUp' | 'log'>): Promise<void> {
  const serverAdapter = new FastifyAdapter().setBasePath(boardPath);
  const board = createBullBoard({ queues: [], serverAdapter, options: { uiConfig: { boardTitle: 'Baton queues' } } });
  serverAdapter.setErrorHandler((error) => {
    const answer = failureAnswer(error, 'of the queue board');
    log.error({ event: 'queue_board_failed', err: error });
    return { status: answer.status as 500, body: answer.body as never };
  });

  const adapters = new Map<string, BullMQAdapter>();
  const refresh = async (): Promise<void> => {
    for (const queue of await queues()) {
      if (!adapters.has(queue.name)) adapters.set(queue.name, new BullMQAdapter(queue, { readOnlyMode: true }));
    }
    board.replaceQueues([...adapters.values()]);
  };

  await app.register(async (scope) => {
    scope.addHook('onRequest', async (request, reply) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        return send(reply, problem('read_only', 'The queues can be looked at here, not changed: what changes them is the engine.'));
      }
      if (!request.url.startsWith(`${boardPath}/api/`)) return;
      if (!isRedisUp()) return send(reply, redisAway);
      await refresh();
    });
    await scope.register(serverAdapter.registerPlugin(), { prefix: boardPath });
  });
}
