/**
 * How a producer of Baton learns at once that a workflow has ended: from the log lines that the orchestrator writes right after the commit. Polling the
 * API would measure the pauses between its polls, and reading event streams would put load on Redis that nobody else has.
 */
import { closeSync, fstatSync, openSync, readSync, watch } from 'node:fs';

const chunkBytes = 1 << 20;
const ending = /"event":"workflow_(completed|failed|timed_out|cancelled)","workflow_id":"([^"]+)"/g;

/** Whole lines in, endings out; what is left of the last line is for the next time. */
export function endingsIn(text: string): { readonly endings: readonly { readonly workflowId: string; readonly status: string }[]; readonly rest: string } {
  const end = text.lastIndexOf('\n') + 1;
  const endings = [...text.slice(0, end).matchAll(ending)].map(([, status = '', workflowId = '']) => ({ workflowId, status }));
  return { endings, rest: text.slice(end) };
}

/** From the end of the file, as it is now, on. */
export function followEndings(log: string, onEnd: (workflowId: string, status: string) => void): { readonly close: () => void } {
  const file = openSync(log, 'r');
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let at = fstatSync(file).size;
  let rest = '';

  function read(): void {
    for (let bytes = chunkBytes; bytes === chunkBytes; ) {
      bytes = readSync(file, buffer, 0, chunkBytes, at);
      at += bytes;
      // Ids are ASCII; the rest may be cut apart as it likes.
      const found = endingsIn(rest + buffer.toString('latin1', 0, bytes));
      rest = found.rest;
      for (const { workflowId, status } of found.endings) onEnd(workflowId, status);
    }
  }

  const watcher = watch(log, read);
  return {
    close() {
      watcher.close();
      closeSync(file);
    },
  };
}
