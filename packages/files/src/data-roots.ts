/** Where agents may read: BATON_DATA_ROOTS, directories and URL prefixes with commas between them. Nothing is allowed by default. */
import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isInside } from './file-exchange.ts';

export interface DataRoots {
  readonly directories: readonly string[];
  /** Ends in '/': a prefix of whole path segments. */
  readonly urls: readonly string[];
}

/** @throws {Error} with a sentence, for the environment's schema to report */
export function parseDataRoots(text: string): DataRoots {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  return {
    directories: entries.filter((entry) => !isUrl(entry)).map((entry) => resolve(entry)),
    urls: entries.filter(isUrl).map(urlPrefix),
  };
}

export function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/** May this URL be read? `URL` has resolved '.' and '..' (also percent-encoded); an encoded slash, which servers differ on, is refused. */
export function isAllowedUrl(roots: DataRoots, url: URL): boolean {
  if (/%2f|%5c/i.test(url.pathname)) return false;
  const place = url.origin + url.pathname;
  return roots.urls.some((prefix) => place.startsWith(prefix) || `${place}/` === prefix);
}

/** Could this path be allowed, going by its name only? So that nothing outside is even looked at. */
export async function isNamedInside(roots: DataRoots, path: string): Promise<boolean> {
  const real = await realDirectories(roots);
  return [...roots.directories, ...real].some((directory) => isInside(directory, path));
}

/** @param realPath without symbolic links */
export async function isReallyInside(roots: DataRoots, realPath: string): Promise<boolean> {
  return (await realDirectories(roots)).some((directory) => isInside(directory, realPath));
}

/** A root that does not exist allows nothing. */
async function realDirectories({ directories }: DataRoots): Promise<string[]> {
  const real = await Promise.allSettled(directories.map((directory) => realpath(directory)));
  return real.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
}

function urlPrefix(entry: string): string {
  if (!URL.canParse(entry)) throw new Error(`"${entry}" is no URL`);
  const url = new URL(entry);
  if (url.username !== '' || url.search !== '' || url.hash !== '')
    throw new Error(`"${url.origin}${url.pathname}" must be a URL without user, query and fragment`);
  return url.origin + (url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`);
}
