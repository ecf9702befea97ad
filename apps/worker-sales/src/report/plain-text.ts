/** The report without HTML: the other half of the message, for those who read mail as text. */
import { change, share, shortAmount, span, wholeNumber } from '@baton/page';
import { coverage, headline, lede, leftOut, tiles } from './findings.ts';
import type { Page } from './page.ts';

export function plainText({ input, kpis, workflowId }: Pick<Page, 'input' | 'kpis' | 'workflowId'>): string {
  const { currency, wording } = input;
  const numbers = tiles(kpis, wording, currency).map(({ label, value, change: difference, than }) => {
    const compared = change(difference);
    return `  ${label}: ${value}${compared === null ? '' : ` (${compared} vs ${than})`}`;
  });
  const categories = kpis.categories.map(({ category, total, share: part }) => `  ${category}: ${shortAmount(total, currency)} (${share(part)})`);
  const missing = leftOut(input).map(({ count, why }) => `  ${wholeNumber(count)}: ${why}`);
  return [
    input.title,
    '',
    `${headline(kpis, input)}.`,
    lede(kpis, input),
    '',
    ...numbers,
    '',
    `By ${wording.category.toLowerCase()}, ${span(kpis.current)}:`,
    ...categories,
    '',
    coverage(input, kpis),
    ...(missing.length === 0 ? [] : ['Left out were:', ...missing]),
    '',
    `Source: ${input.fetched.source}`,
    `Workflow: ${workflowId}`,
    '',
  ].join('\n');
}
