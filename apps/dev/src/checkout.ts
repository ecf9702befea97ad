/** Where things lie in the checkout. All that ./dev writes is below `.baton`. */
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../../..');
export const state = join(root, '.baton');
export const logs = join(state, 'logs');
/** Where the agents leave files for each other, and the report for people. */
export const files = join(state, 'files');

export function appMain(app: string): string {
  return join(root, 'apps', app, 'src/main.ts');
}
