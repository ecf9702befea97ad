/**
 * What the agents did, outside of Redis: a file to which every process of them appends, a line for each thing, in the moment in which it is done. A line
 * that stands there was written, whatever became of the process then.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

const Entry = z.object({
  /**
   * `run`: a handler began. `asked`, `effect`, `kept`: before, in and after a call of `once`. `swallowed`: its reply will be lost. `garbage`: it will be
   * appended to a stream; `dumped`: it was.
   */
  what: z.enum(['run', 'asked', 'effect', 'kept', 'swallowed', 'garbage', 'dumped']),
  /** The dispatch's id; of garbage, its own. */
  id: z.string(),
  /** Of `once`. */
  key: z.string().optional(),
  pid: z.int(),
  /** ms since the epoch, by the machine's clock. */
  at: z.number(),
});
export type JournalEntry = z.output<typeof Entry>;

export function writeEntry(path: string, entry: JournalEntry): void {
  appendFileSync(path, `${JSON.stringify(entry)}\n`);
}

export function readJournal(path: string): readonly JournalEntry[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Entry.parse(JSON.parse(line)));
}
