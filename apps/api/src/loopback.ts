/** As long as there is no authentication, the API is for this machine only: what it listens on, and under which names it may be asked. */
import { isIPv4, isIPv6 } from 'node:net';
import { exitCodes } from '@baton/protocol';

export class NotLoopbackError extends Error {
  readonly code = 'NOT_LOOPBACK';
  readonly exitCode = exitCodes.badInput;
}

/** @param hostname without a port; IPv6 with or without brackets */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return host === 'localhost' || (isIPv4(host) && host.startsWith('127.')) || (isIPv6(host) && host === '::1');
}

/** @param origin of the page that sends a request; programs say none */
export function isOwnOrigin(origin: string | undefined): boolean {
  return origin === undefined || (URL.canParse(origin) && isLoopback(new URL(origin).hostname));
}

/** @throws {NotLoopbackError} */
export function assertLoopback(host: string): void {
  if (isLoopback(host)) return;
  throw new NotLoopbackError(
    `BATON_HOST is ${host}, but the API has no authentication yet and listens on loopback only: set BATON_HOST to 127.0.0.1, localhost or ::1.`,
  );
}
