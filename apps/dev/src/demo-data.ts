/** What the demo runs on: films and their grosses, as messy as data from the wild, which an npm package brings. */
import { join } from 'node:path';
import { root } from './checkout.ts';

const sales = join(root, 'apps/worker-sales');

export const demoData = {
  type: 'sales_dashboard',
  definition: join(sales, 'src/workflow.ts'),
  params: join(sales, 'params/movies.json'),
  /** The folder that the data agent may read. */
  root: join(sales, 'node_modules/vega-datasets/data'),
} as const;
