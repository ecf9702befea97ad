/**
 * Opens what a workflow names as its source: a file or an http(s) URL.
 * **Invariants:** only what lies inside the allowed roots is opened, after symbolic links and at each redirect; never more than `bytesMax` is read.
 */
import { createReadStream, existsSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DataRoots, isAllowedUrl, isNamedInside, isReallyInside, isUrl } from './data-roots.ts';
import type { Refusal, SourceErrors } from './refusal.ts';

export interface OpenSource {
  /** For people: without user, password and query. */
  readonly name: string;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** null: the server does not say. */
  readonly bytes: number | null;
}

export interface SourceOptions {
  readonly roots: DataRoots;
  readonly bytesMax: number;
  readonly signal: AbortSignal;
  readonly errors: SourceErrors;
}

/** The source failed, and may work at another time. */
export class SourceError extends Error {
  readonly code = 'SOURCE_UNAVAILABLE';
}

/** @throws {Refusal} if it may not be read, or is not there; {SourceError} or {Postponement} if another attempt may work */
export async function openSource(source: string, options: SourceOptions): Promise<OpenSource> {
  const opened = isUrl(source) ? await openUrl(source, options) : await openFile(source, options);
  if (opened.bytes !== null && opened.bytes > options.bytesMax) throw tooBig(opened.name, options);
  return { ...opened, chunks: limited(opened, options) };
}

async function openFile(source: string, { roots, signal, errors: { Refused } }: SourceOptions): Promise<OpenSource> {
  const path = await findFile(source, roots, Refused);
  const real = await realPath(path, Refused);
  if (!(await isReallyInside(roots, real))) throw forbidden(path, roots, Refused);
  const stats = await stat(real);
  if (!stats.isFile()) throw new Refused(`${path} is not a file: name the file itself.`, { code: 'SOURCE_NOT_A_FILE' });
  return { name: path, chunks: contents(real, signal), bytes: stats.size };
}

/** Opened when it is read: a stream that is aborted while nobody listens to it would end the process. */
async function* contents(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path, { signal }) as AsyncIterable<Uint8Array>;
}

/** A relative path is looked for in each of the directories: where an agent happens to run says nothing about where the data lies. */
async function findFile(source: string, roots: DataRoots, Refused: Refusal): Promise<string> {
  if (source.includes('\0') || (source.startsWith('file:') && !URL.canParse(source))) {
    throw new Refused('The source is no path and no file:// URI.', { code: 'SOURCE_NOT_FOUND' });
  }
  const named = source.startsWith('file:') ? fileURLToPath(source) : source;
  const candidates = isAbsolute(named) ? [resolve(named)] : roots.directories.map((directory) => resolve(directory, named));
  const allowed: string[] = [];
  for (const path of candidates) {
    if (!(await isNamedInside(roots, path))) continue;
    if (existsSync(path)) return path;
    allowed.push(path);
  }
  if (allowed.length === 0) throw forbidden(named, roots, Refused);
  throw new Refused(`There is no file ${allowed.join(' or ')}: check the source.`, { code: 'SOURCE_NOT_FOUND' });
}

function forbidden(path: string, roots: DataRoots, Refused: Refusal): Error {
  const mend = 'Put the file there, or add its directory.';
  return new Refused(`${path} may not be read: it lies outside the directories and URLs in BATON_DATA_ROOTS (${listed(roots)}). ${mend}`, {
    code: 'SOURCE_FORBIDDEN',
  });
}

async function realPath(path: string, Refused: Refusal): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    throw new Refused(`${path} cannot be read: ${(cause as Error).message}.`, { cause, code: 'SOURCE_UNREADABLE' });
  }
}

const redirectsMax = 5;

async function openUrl(source: string, { roots, signal, errors }: SourceOptions): Promise<OpenSource> {
  let url = new URL(source);
  for (let hop = 0; hop <= redirectsMax; hop += 1) {
    const name = url.origin + url.pathname;
    if (!isAllowedUrl(roots, url)) {
      throw new errors.Refused(`${name} may not be read${hop > 0 ? ' (a redirect led there)' : ''}: no URL in BATON_DATA_ROOTS begins it (${listed(roots)}).`, {
        code: 'SOURCE_FORBIDDEN',
      });
    }
    const response = await request(url, name, signal);
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (location === null) return await openedBody(response, name, errors);
    await response.body?.cancel();
    url = new URL(location, url);
  }
  throw new errors.Refused(`${source} redirects more than ${redirectsMax} times.`, { code: 'SOURCE_REFUSED' });
}

async function request(url: URL, name: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { signal, redirect: 'manual', headers: { accept: 'text/csv, application/json, application/x-ndjson, */*;q=0.5' } });
  } catch (cause) {
    signal.throwIfAborted();
    throw new SourceError(`${name} cannot be reached.`, { cause });
  }
}

async function openedBody(response: Response, name: string, { Refused, Postponed }: SourceErrors): Promise<OpenSource> {
  if (response.ok && response.body !== null) {
    // With a content encoding the length is that of the compressed bytes, and says nothing about ours.
    const length = response.headers.has('content-encoding') ? null : response.headers.get('content-length');
    return { name, chunks: response.body, bytes: length === null ? null : Number(length) };
  }
  await response.body?.cancel();
  const { status } = response;
  const answer = `${name} answered ${status}${response.statusText === '' ? '' : ` ${response.statusText}`}.`;
  const isPassing = status >= 500 || [408, 425, 429].includes(status);
  if (!isPassing) throw new Refused(`${answer} Check the source's address, and who may read it.`, { code: 'SOURCE_REFUSED' });
  const waitMs = retryAfterMs(response.headers.get('retry-after'), Date.now());
  throw waitMs === null ? new SourceError(answer) : new Postponed(waitMs, answer);
}

/** The header's seconds, or its date (RFC 9110, 10.2.3); null where it says neither. */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

async function* limited({ chunks, name }: OpenSource, options: Pick<SourceOptions, 'bytesMax' | 'errors'>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > options.bytesMax) throw tooBig(name, options);
    yield chunk;
  }
}

function tooBig(name: string, { bytesMax, errors }: Pick<SourceOptions, 'bytesMax' | 'errors'>): Error {
  return new errors.Refused(`${name} is bigger than ${bytesMax} bytes: raise BATON_SOURCE_BYTES_MAX, or split the file.`, { code: 'SOURCE_TOO_BIG' });
}

function listed({ directories, urls }: DataRoots): string {
  return [...directories, ...urls].join(', ') || 'none are set';
}
