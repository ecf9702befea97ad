/** One-time tokens and signatures: derived from the deployment's secret, so that nothing of them has to be stored and a restart changes none. */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** Who may answer which approval. `*` stands for anybody who was given the token. Another generation has other tokens. */
export interface Permit {
  readonly workflowId: string;
  readonly subtaskId: string;
  readonly generation: number;
  readonly approver: string;
}

export function tokenFor(secret: string, { workflowId, subtaskId, generation, approver }: Permit): string {
  return createHmac('sha256', secret)
    .update(JSON.stringify(['approval', workflowId, subtaskId, generation, approver]))
    .digest('base64url');
}

export function isTokenFor(secret: string, permit: Permit, token: string): boolean {
  const [expected, given] = [Buffer.from(tokenFor(secret, permit)), Buffer.from(token)];
  return expected.length === given.length && timingSafeEqual(expected, given);
}

/** Hex HMAC-SHA256 of what is sent, so that the receiver knows who sends it. */
export function signatureOf(secret: string, body: string): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}
