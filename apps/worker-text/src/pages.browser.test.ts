/** The pages that the workflows end in, in a real browser: whole on a desk and on a phone, and from nowhere but the file. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Agents, paramsFolder, startAgents } from './fixture/agents.ts';
import { runLocally } from './fixture/local-run.ts';
import { codeRefinement } from './workflow/code.ts';
import { contentGeneration } from './workflow/content.ts';
import { customerEnrichment } from './workflow/enrichment.ts';
import { customerFeedback } from './workflow/feedback.ts';

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
const workflows = { feedback: customerFeedback, content: contentGeneration, enrichment: customerEnrichment, code: codeRefinement };

let agents: Agents;
let browser: Browser;

beforeAll(async () => {
  agents = await startAgents();
  browser = await chromium.launch({ executablePath, args });
});

afterAll(async () => {
  await browser?.close();
  await agents?.[Symbol.asyncDispose]();
});

test.each([
  ['feedback', /^\d\d% of 121 messages are negative/, 6],
  ['content', /^How to run a tool library$/, 10],
  ['enrichment', /^Clara Hoffmann$/, 4],
  ['code', /^slugify\(\) is good enough after \d rounds$/, 4],
] as const)('%s', async (name, headline, headings) => {
  const params = JSON.parse(await readFile(join(paramsFolder, `${name}.json`), 'utf8'));
  const { result } = await runLocally(workflows[name].definition, params, agents);
  for (const width of [1200, 390, 320]) {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const requests: string[] = [];
    page.on('request', (request) => void requests.push(request.url()));
    await page.goto(result['html_uri'] as string, { waitUntil: 'load' });
    expect(await page.locator('h1').innerText()).toMatch(headline);
    expect(await page.locator('h2').count()).toBeGreaterThanOrEqual(headings);
    expect(await page.evaluate('document.documentElement.scrollWidth'), `${name} at ${width}`).toBeLessThanOrEqual(width);
    expect(await page.evaluate("document.fonts.check('14px Inter')")).toBe(true);
    expect(requests.filter((request) => !request.startsWith('data:'))).toEqual([result['html_uri']]);
    await page.close();
  }
});
