/** What each demo runs, on which data, and which part of its result a person can open. */
import { join } from 'node:path';
import { root } from './checkout.ts';

const sales = join(root, 'apps/worker-sales');
const text = join(root, 'apps/worker-text');

export type Result = Readonly<Record<string, unknown>>;

export interface Demo {
  /** For people, after its name. */
  readonly about: string;
  readonly type: string;
  readonly definition: string;
  readonly params: string;
  /** The folder that its agents may read. */
  readonly root: string;
  /** What came out, in one line. */
  readonly headline: (result: Result) => string;
  /** What a person can open: the result's URIs by what they are called. */
  readonly files: Readonly<Record<string, string>>;
}

export const demos = {
  sales: {
    about: 'the weekly sales dashboard, on films and their grosses, as messy as data from the wild',
    type: 'sales_dashboard',
    definition: join(sales, 'src/workflow.ts'),
    params: join(sales, 'params/movies.json'),
    root: join(sales, 'node_modules/vega-datasets/data'),
    headline: ({ headline }) => String(headline),
    files: { report: 'html_uri', 'e-mail': 'eml_uri' },
  },
  feedback: {
    about: 'how customers feel, about what, and what to do: fetch, clean, then sentiment and topics at the same time',
    type: 'customer_feedback',
    definition: join(text, 'src/workflow/feedback.ts'),
    params: join(text, 'params/feedback.json'),
    root: join(text, 'data'),
    headline: ({ headline }) => String(headline),
    files: { report: 'html_uri', data: 'json_uri' },
  },
  content: {
    about: 'an article from rough notes: outline, draft, edit, format, one after the other',
    type: 'content_generation',
    definition: join(text, 'src/workflow/content.ts'),
    params: join(text, 'params/content.json'),
    root: join(text, 'data'),
    headline: ({ title, words, changes }) => `“${String(title)}”, ${String(words)} words, ${String(changes)} corrections`,
    files: { article: 'html_uri', markdown: 'markdown_uri' },
  },
  enrichment: {
    about: "a customer's profile: credit, address and preferences at the same time, two of the three are enough",
    type: 'customer_enrichment',
    definition: join(text, 'src/workflow/enrichment.ts'),
    params: join(text, 'params/enrichment.json'),
    root: join(text, 'data'),
    headline: ({ profile }) => profileInWords(profile as Profile),
    files: { profile: 'html_uri', data: 'profile_uri' },
  },
  code: {
    about: 'a function, written and reviewed in rounds until linter and tests are content',
    type: 'code_refinement',
    definition: join(text, 'src/workflow/code.ts'),
    params: join(text, 'params/code.json'),
    root: join(text, 'data'),
    headline: ({ scores }) => `Good enough after ${(scores as number[]).length} rounds: ${(scores as number[]).map((score) => score.toFixed(2)).join(' → ')}`,
    files: { record: 'html_uri', source: 'source_uri' },
  },
} satisfies Record<string, Demo>;

/** All that the agents of a stack may read. */
export const demoRoots: readonly string[] = [...new Set(Object.values(demos).map((demo) => demo.root))];

interface Profile {
  readonly name: string;
  readonly advice: readonly string[];
}

function profileInWords({ name, advice }: Profile): string {
  return `${name}: ${advice.join(' ')}`;
}
