/** The HTTP server from its table of routes and its ports. Not here: what an answer says (handlers), and where it listens (`main.ts`). */
import { limits, NewerSchemaError } from '@baton/core';
import type { ProblemBody } from '@baton/protocol';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { customAlphabet } from 'nanoid';
import { problem } from './answer.ts';
import { type ApiDeps, answerTimeoutMsDefault } from './deps.ts';
import { failureAnswer, redisAway } from './failure.ts';
import { isLoopback, isOwnOrigin } from './loopback.ts';
import { registerQueueBoard } from './queue-board.ts';
import { type Route, routes } from './routes.ts';
import { send, sendNotFound } from './send.ts';

/** A definition and its params, with room for whitespace. */
export const bodyBytesMax = limits.definitionBytesMax + limits.payloadBytesMax + 1024 * 1024;
/** Longer than any id, also that of a part of a part, percent-encoded: the router's own limit of 100 is not. */
const pathPartLengthMax = 450;

/** Routes that need the shard of that workflow, and no other. */
const ofWorkflow = '/v1/workflows/:id';

const requestId = customAlphabet('0123456789abcdefghijklmnopqrstuvwxyz', 12);

export async function buildApi(deps: ApiDeps): Promise<FastifyInstance> {
  const answerTimeoutMs = deps.answerTimeoutMs ?? answerTimeoutMsDefault;
  const app = fastify({
    logger: false,
    bodyLimit: bodyBytesMax,
    handlerTimeout: answerTimeoutMs,
    genReqId: () => `req_${requestId()}`,
    routerOptions: { maxParamLength: pathPartLengthMax },
    forceCloseConnections: 'idle',
    // What has come is answered, also while the server closes: the sender has no way to know.
    return503OnClosing: false,
    // Requests that no route takes, not even that of the unknown: they pass by the hooks.
    frameworkErrors: (error, request, reply) => logRequest(deps, request, fail(deps, error, request, reply as unknown as FastifyReply)),
  });
  // Else a body of text would be taken for a string, and not be refused for its type.
  app.removeContentTypeParser('text/plain');

  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    // A name that somebody else's DNS points here is how a web page would get past the browser (DNS rebinding).
    if (!isLoopback(request.hostname))
      return send(reply, problem('misdirected_request', 'This API answers on loopback names only: 127.0.0.1, localhost, [::1].'));
    // Browsers let any page send a POST without a body, and only keep the answer from it.
    if (request.method !== 'GET' && !isOwnOrigin(request.headers.origin))
      return send(reply, problem('cross_origin', 'A page from elsewhere may change nothing here; only pages on loopback may.'));
  });
  // Else a client's kept-alive connection would keep the process from ending.
  app.addHook('onSend', async (_request, reply) => {
    if (deps.stopping?.aborted) reply.header('connection', 'close');
  });
  app.addHook('onResponse', async (request, reply) => logRequest(deps, request, reply));
  app.setErrorHandler((error, request, reply) => fail(deps, error, request, reply));
  app.setNotFoundHandler(sendNotFound);

  await registerQueueBoard(app, deps);
  for (const route of routes) addRoute(app, deps, route, answerTimeoutMs);
  return app;
}

function addRoute(app: FastifyInstance, deps: ApiDeps, { method, path, handler, needsRedis, waitMsMax }: Route, answerTimeoutMs: number): void {
  const shardsFor = (request: FastifyRequest): Parameters<ApiDeps['isRedisUp']>[0] => {
    if (needsRedis === 'any shard') return 'any';
    return path.startsWith(ofWorkflow) ? { workflowId: (request.params as { id: string }).id } : 'all';
  };
  app.route({
    method,
    url: path,
    ...(waitMsMax !== undefined && { handlerTimeout: waitMsMax + 2 * answerTimeoutMs }),
    handler: async (request, reply) => send(reply, needsRedis !== false && !deps.isRedisUp(shardsFor(request)) ? redisAway : await handler(deps, request)),
  });
}

function fail({ log }: ApiDeps, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const answer = failureAnswer(error, request.id);
  const line = { request_id: request.id, method: request.method, path: request.routeOptions?.url };
  if (error instanceof NewerSchemaError) log.warn({ event: 'newer_schema', ...line, error: error.message });
  else if (answer.status === 503)
    log.warn({ event: (answer.body as ProblemBody).code, ...line, error: error instanceof Error ? error.message : String(error) });
  else if (answer.status >= 500) log.error({ event: 'request_failed', ...line, err: error });
  return send(reply.header('x-request-id', request.id), answer);
}

/** What was refused or changed something is worth a line; what only looked is not, as watching asks many times a second. */
function logRequest({ log }: ApiDeps, request: FastifyRequest, reply: FastifyReply): void {
  const line = {
    event: 'http_request',
    request_id: request.id,
    method: request.method,
    path: request.url.split('?')[0],
    status: reply.statusCode,
    duration_ms: Math.round(reply.elapsedTime),
  };
  if (request.method !== 'GET' || reply.statusCode >= 400) log.info(line);
  else log.debug(line);
}
