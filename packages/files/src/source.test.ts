import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { parseDataRoots } from './data-roots.ts';
import { openSource } from './source.ts';

class Refused extends Error {}
class Postponed extends Error {}

test('a source that is opened and never read, because its attempt is over, harms nobody', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'baton-source-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'a.csv'), 'a\n');
  const source = await openSource('a.csv', {
    roots: parseDataRoots(folder),
    bytesMax: 10,
    signal: AbortSignal.abort(),
    errors: { Refused, Postponed: Postponed as never },
  });
  // An error event without a listener would be an uncaught exception, which fails the run; it comes once the file is open.
  await readFile(join(folder, 'a.csv'));
  await setImmediate();
  const read = async (): Promise<void> => {
    for await (const chunk of source.chunks) expect(chunk).toBeDefined();
  };
  await expect(read()).rejects.toThrow(/abort/);
});
