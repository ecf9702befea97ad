import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createFileExchange } from '@baton/files';
import { NonRetryableError } from '@baton/worker';
import PostalMime from 'postal-mime';
import { expect, onTestFinished, test } from 'vitest';
import { chartRender } from '../capability/chart-render.ts';
import { reportAssemble } from '../capability/report-assemble.ts';
import { createChartRender } from '../chart/chart-agent.ts';
import { sampleKpis } from '../fixture/kpis.ts';
import { fakeContext, temporaryFolder } from '../fixture/local-run.ts';
import { createReportAssemble } from './report-agent.ts';

const nothingDropped = { rows_in: 100, rows: 100, until: '2024-12-01', dropped: [], mended: [] };
const allFetched = { source: '/data/sales.csv', rows: 100, broken: { count: 0, uri: 'file:///x', examples: [] } };

async function assemble({ category = 'Books', ...parameters }: { readonly category?: string; readonly [name: string]: unknown } = {}) {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const exchange = createFileExchange(folder.path, NonRetryableError);
  const context = fakeContext({ subtaskId: 'report' });
  const kpis_uri = await exchange.write(context, 'kpis.json', JSON.stringify(sampleKpis(category)));
  const { charts } = await createChartRender(exchange)(chartRender.input.parse({ kpis_uri }), context);
  const input = reportAssemble.input.parse({ title: 'Sales', kpis_uri, charts, currency: 'USD', fetched: allFetched, cleaned: nothingDropped, ...parameters });
  const output = await createReportAssemble({ exchange, now: () => Date.parse('2024-12-02T08:00:00Z') })(input, context);
  const html = await readFile(fileURLToPath(output.html_uri), 'utf8');
  const eml = await readFile(fileURLToPath(output.eml_uri));
  return { output, html, eml, mail: await PostalMime.parse(eml) };
}

test('the HTML file says it all and needs nothing else', async () => {
  const { output, html } = await assemble();
  expect(output.headline).toBe('Revenue of $2.25K in the week of Nov 25, 2024, up 13% on the week before');
  expect(html.replaceAll('\u00a0', ' ')).toContain(output.headline);
  for (const text of ['Last 6 weeks', '+22%', 'Books', 'Nothing was left out.', '/data/sales.csv', 'wf_test', '2024-12-02 08:00 UTC'])
    expect(html).toContain(text);
  expect([...html.matchAll(/src="(data:image\/png;base64,[^"]{1000})/g)]).toHaveLength(6);
  expect(html).not.toMatch(/(src|href)="(?!data:)|url\((?!data:)|<script|@import/);
});

test('the message is whole: text, HTML, and every image that the HTML shows', async () => {
  const { output, mail, eml } = await assemble({ recipient: 'lead@shop.example' });
  expect(mail).toMatchObject({
    subject: output.subject,
    from: { name: 'Baton reports', address: 'reports@baton.invalid' },
    to: [{ address: 'lead@shop.example' }],
    messageId: '<wf_test.report@baton.invalid>',
    date: '2024-12-02T08:00:00.000Z',
  });
  expect(mail.text).toContain('Books: $7K (72%)');
  const shown = [...(mail.html ?? '').matchAll(/src="cid:([^"]+)"/g)].map(([, cid]) => `<${cid}>`);
  expect(shown).toHaveLength(6);
  expect(new Set(mail.attachments.map(({ contentId }) => contentId))).toEqual(new Set(shown));
  expect(mail.attachments).toHaveLength(6);
  for (const { mimeType, related, content } of mail.attachments) {
    expect({ mimeType, related }).toEqual({ mimeType: 'image/png', related: true });
    expect(
      Buffer.from(content as ArrayBuffer)
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
  }
  const text = eml.toString('latin1');
  expect(text).toMatch(
    /Content-Type: multipart\/alternative[\s\S]*Content-Type: text\/plain[\s\S]*Content-Type: multipart\/related[\s\S]*Content-Type: text\/html/,
  );
  expect(text).not.toMatch(/[^\r]\n/);
  expect(Math.max(...text.split('\r\n').map(({ length }) => length))).toBeLessThanOrEqual(998);
});

test('what was left out stands in the report, the most first, with examples', async () => {
  const { html, mail } = await assemble({
    fetched: {
      ...allFetched,
      rows: 150,
      broken: { count: 3, uri: 'file:///x', examples: [{ at: 7, reason: '2 fields where the header has 3', text: '1,2' }] },
    },
    cleaned: {
      ...nothingDropped,
      rows_in: 150,
      dropped: [
        { reason: 'no_date', count: 2, examples: [{ at: 9, value: '', label: 'Pen' }] },
        { reason: 'after_until', count: 48, examples: [{ at: 3, value: '2046-12-31', label: '' }] },
      ],
      mended: [{ reason: 'category_filled', count: 5 }],
    },
  });
  expect(html).toContain('100 of the 153 rows of the source could be used; 60 of them');
  const order = [
    'dated after Dec 1, 2024',
    'row 3: 2046-12-31',
    'broken in the source',
    'line 7: 2 fields where the header has 3',
    'no date',
    '“Pen” in row 9',
    '5 rows without a category',
  ];
  expect(order.map((text) => html.indexOf(text))).toEqual(order.map((text) => html.indexOf(text)).toSorted((a, b) => a - b));
  expect(html).toContain(order[0]);
  expect(mail.text).toContain('48: dated after Dec 1, 2024');
});

test('data cannot become markup, nor a header of the message', async () => {
  const evil = `"><img src=x onerror=alert(1)><script>alert(1)</script>`;
  const { html, mail } = await assemble({
    category: evil,
    title: `Sales ${evil}\r\nBcc: all@shop.example`,
    wording: { amount: evil.slice(0, 40), item: evil.slice(0, 40) },
    fetched: { ...allFetched, source: evil },
    cleaned: { ...nothingDropped, dropped: [{ reason: 'no_amount', count: 1, examples: [{ at: 1, value: evil, label: evil }] }] },
  });
  for (const page of [html, mail.html ?? '']) {
    expect(page).not.toMatch(/<script|<img src=x/);
    expect(page).toContain('&lt;script&gt;');
  }
  expect(mail.bcc ?? []).toEqual([]);
  expect(mail.subject).toContain('Bcc: all@shop.example');
});
