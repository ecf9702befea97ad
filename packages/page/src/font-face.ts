/** The page's typeface, inside the page: the file needs nothing else and looks the same everywhere. */
import { readFile } from 'node:fs/promises';
import { typeface } from './colour.ts';
import { Html } from './html.ts';

/** @param url of a variable woff2 file; the app resolves it, since it is the app that depends on the font */
export async function fontFace(url: string): Promise<Html> {
  const font = (await readFile(new URL(url))).toString('base64');
  return new Html(`@font-face { font-family: ${typeface}; font-weight: 100 900; src: url(data:font/woff2;base64,${font}) format('woff2'); }`);
}
