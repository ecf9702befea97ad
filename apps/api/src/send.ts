/** An answer onto the wire. */
import type { FastifyReply } from 'fastify';
import type { Answer } from './answer.ts';

export function send(reply: FastifyReply, { status, body, headers }: Answer): FastifyReply {
  reply.code(status).headers(headers ?? {});
  if (typeof body === 'string') return reply.send(body);
  return reply
    .type(headers?.['content-type'] ?? 'application/json')
    .serializer(JSON.stringify)
    .send(body);
}
