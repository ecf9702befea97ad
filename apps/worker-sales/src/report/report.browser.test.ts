/** The report in a real browser: what it shows, on a desk and on a phone. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Folder, moviesFile, moviesParams, runLocally, temporaryFolder } from '../fixture/local-run.ts';

const executablePath = process.env['BATON_CHROMIUM'] ?? '/usr/bin/chromium';
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let folder: Folder;
let browser: Browser;
let url: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  browser = await chromium.launch({ executablePath, args });
  const params = JSON.parse(await readFile(moviesParams, 'utf8'));
  const { result } = await runLocally(params, { filesDir: folder.path, dataRoots: dirname(moviesFile) });
  url = result['html_uri'] as string;
});

afterAll(async () => {
  await browser?.close();
  await folder?.[Symbol.asyncDispose]();
});

test.each([
  ['a desk', 1200, 'wide'],
  ['a phone', 390, 'narrow'],
  ['a small phone', 320, 'narrow'],
] as const)('on %s', async (_, width, size) => {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  const requests: string[] = [];
  page.on('request', (request) => void requests.push(request.url()));
  await page.goto(url, { waitUntil: 'load' });
  expect((await page.locator('h1').innerText()).replaceAll('\u00a0', ' ')).toBe('US gross of $348M in the week of Jul 12, 2010, up 9.7% on the week before');
  expect(await page.locator('.tile-value').allInnerTexts()).toEqual(['$348M', '$4.7B', '72', '$65.2M']);
  expect(await page.locator('table.list').first().locator('tr').nth(1).innerText()).toContain('Adventure');
  const images = await page.locator('img').all();
  expect(images).toHaveLength(6);
  for (const image of images) {
    expect(await image.evaluate((element) => (element as unknown as { readonly naturalWidth: number }).naturalWidth)).toBeGreaterThan(600);
    expect(await image.getAttribute('alt')).not.toBe('');
    expect(await image.isVisible()).toBe((await image.getAttribute('class')) === size);
  }
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  expect(await page.evaluate("document.fonts.check('14px Inter')")).toBe(true);
  expect(requests.filter((request) => !request.startsWith('data:'))).toEqual([url]);
  await page.close();
});
