import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NonRetryableError } from '@baton/worker';
import { expect, onTestFinished, test } from 'vitest';
import { startAgents } from '../fixture/agents.ts';

async function setUp(markdown: string) {
  const agents = await startAgents([]);
  onTestFinished(() => agents[Symbol.asyncDispose]());
  await mkdir(join(agents.folder, 'in'));
  await writeFile(join(agents.folder, 'in/a.md'), markdown);
  const outline = async (input: object = {}) => (await agents.call('content.outline', { source: 'a.md', ...input }, { subtaskId: 'outline' })).output;
  return { agents, outline };
}

async function text(uri: string): Promise<string> {
  return await readFile(fileURLToPath(uri), 'utf8');
}

const bread = `# On bread

Bread needs flour, water and time.

## Dough

The dough of bread wants flour and water. A wet dough makes an open bread. \`const dough = 1\` is code. Dough rests for a hour in order to rise.

- Salt the dough late
- Fold the dough often

\`\`\`js
const secret = 'code block';
\`\`\`

## Oven

A hot oven makes a crisp bread. The oven needs steam for the bread. <b>Steam</b> keeps the crust of the bread soft at first.
`;

test('an outline has the opening, the sections and their central sentences in order; code and raw HTML are no prose', async () => {
  const { outline } = await setUp(bread);
  const result = await outline();
  expect(result).toMatchObject({ title: 'On bread', summary: ['Bread needs flour, water and time.'], sections: [{ heading: 'Dough' }, { heading: 'Oven' }] });
  expect(result.sections[0].points.map(({ place }: { place: number }) => place)).toEqual(
    result.sections[0].points.map(({ place }: { place: number }) => place).toSorted(),
  );
  expect(JSON.stringify(result)).not.toMatch(/code block|<b>/);
  expect(JSON.stringify(result)).toContain('Salt the dough late.');
});

test('a plain text without headings gets parts, named by what they are about', async () => {
  const { outline } = await setUp(Array.from({ length: 9 }, (_, index) => `The lighthouse number ${index} shines over the harbour at night.`).join('\n\n'));
  const result = await outline({ title: 'Lights' });
  expect(result).toMatchObject({ title: 'Lights', sections: [{ heading: expect.stringMatching(/lighthouse/i) }, {}, {}] });
});

test.each<[string, string]>([
  ['nothing', ''],
  ['only headings', '# A\n\n## B\n'],
  ['only code', '```\nconst a = 1;\n```\n'],
])('a source with %s cannot become an article', async (_, markdown) => {
  const { outline } = await setUp(markdown);
  await expect(outline()).rejects.toMatchObject({ code: 'SOURCE_EMPTY' });
  await expect(outline()).rejects.toBeInstanceOf(NonRetryableError);
});

test('a source outside the roots is refused', async () => {
  const { outline } = await setUp('');
  await expect(outline({ source: '/etc/passwd' })).rejects.toMatchObject({ code: 'SOURCE_FORBIDDEN' });
});

test('a draft keeps to its length, and says so when that leaves nothing', async () => {
  const { agents, outline } = await setUp(bread);
  const previous_result = await outline();
  const long = (await agents.call('content.draft', { previous_result, words: 500 })).output;
  const short = (await agents.call('content.draft', { previous_result, words: 50 })).output;
  expect(short.words).toBeLessThan(long.words);
  expect(await text(long.markdown_uri)).toMatch(/^# On bread\n\nBread needs flour, water and time\.\n\n## Dough\n/);
  const heavy = { ...previous_result, sections: [{ ...previous_result.sections[0], points: [{ text: 'word '.repeat(80), place: 0, rank: 1 }] }] };
  await expect(agents.call('content.draft', { previous_result: heavy, words: 50 })).rejects.toMatchObject({ code: 'TOO_SHORT' });
});

test('editing changes what linters are sure of, leaves code and links alone, and notes the rest', async () => {
  const { agents, outline } = await setUp(bread);
  const draft = (await agents.call('content.draft', { previous_result: await outline(), words: 500 }, { subtaskId: 'draft' })).output;
  await writeFile(
    fileURLToPath(draft.markdown_uri),
    '# A A title\n\nWe utilize a oven prior to baking.  It was was thrown by Tom. `prior to` [in order to](https://example.com/in-order-to)\n',
  );
  const { output } = await agents.call('content.edit', { previous_result: draft }, { subtaskId: 'edit' });
  const edited = await text(output.markdown_uri);
  expect(edited).toContain('We use an oven before baking. It was thrown by Tom. `prior to` [to](https://example.com/in-order-to)');
  expect(output.changes).toEqual(expect.arrayContaining([{ rule: 'simplify', from: 'prior to', to: 'before', count: 1 }]));
  expect(output.notes).toMatchObject([{ rule: 'passive', text: expect.stringContaining('thrown') }]);
});

test('formatting lets no script through', async () => {
  const { agents, outline } = await setUp(bread);
  const draft = (await agents.call('content.draft', { previous_result: await outline(), words: 500 }, { subtaskId: 'draft' })).output;
  await writeFile(
    fileURLToPath(draft.markdown_uri),
    '# T\n\nOpening & more.\n\n## <script>alert(1)</script>\n\n[click](javascript:alert(1)) <img src=x onerror=alert(1)>\n',
  );
  const article = { ...draft, title: '<T>', changes: [], notes: [] };
  const { output } = await agents.call('content.format', { previous_result: article }, { subtaskId: 'format' });
  const page = await text(output.html_uri);
  expect(page).toContain('<title>&lt;T&gt;</title>');
  expect(page).not.toMatch(/<script|javascript:|onerror=/);
});

test('a file of another agent that is gone is an error for good', async () => {
  const { agents, outline } = await setUp(bread);
  const draft = (await agents.call('content.draft', { previous_result: await outline(), words: 500 }, { subtaskId: 'draft' })).output;
  await expect(agents.call('content.edit', { previous_result: { ...draft, markdown_uri: `${draft.markdown_uri}.gone` } })).rejects.toMatchObject({
    code: 'FILE_GONE',
  });
});
