/** An answer onto the wire. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Answer, problem } from './answer.ts';

export function send(reply: FastifyReply, { status, body, headers }: Answer): FastifyReply {
  reply.code(status).headers(headers ?? {});
  if (typeof body === 'string') return reply.send(body);
  return reply
    .type(headers?.['content-type'] ?? 'application/json')
    .serializer(JSON.stringify)
    .send(body);
}

export function sendNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return send(reply, problem('not_found', `There is no ${request.method} ${request.url.split('?')[0]}.`));
}
