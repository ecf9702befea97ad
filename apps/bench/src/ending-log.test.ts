import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, logEvents } from '@baton/telemetry';
import { expect, onTestFinished, test, vi } from 'vitest';
import { endingsIn, followEndings } from './ending-log.ts';

/** A line as the orchestrator writes it. */
function ending(id: string): string {
  const lines: string[] = [];
  const log = createLogger({ service: 'orchestrator', level: 'info', format: 'json', destination: { write: (line) => void lines.push(line) } });
  const header = { id, type: 'chain', version: 1, definitionHash: '', fingerprint: '', params: {}, caller: '', createdAt: 0 };
  logEvents(log)(header, { type: 'workflow_started', at: 0, caller: 'test' });
  logEvents(log)(header, { type: 'workflow_completed', at: 5, durationMs: 5 });
  return lines.join('');
}

test('the endings in whole lines are found, the rest is kept', () => {
  const [first, second] = [ending('w1'), ending('w2-é')];
  const cut = second.slice(0, -20);
  expect(endingsIn(first + cut)).toEqual({ endings: [{ workflowId: 'w1', status: 'completed' }], rest: cut.slice(cut.lastIndexOf('\n') + 1) });
  expect(endingsIn('no line at all')).toEqual({ endings: [], rest: 'no line at all' });
});

test('a workflow that failed has ended too', () => {
  expect(endingsIn('{"level":"warn","event":"workflow_failed","workflow_id":"w3","type":"x"}\n').endings).toEqual([{ workflowId: 'w3', status: 'failed' }]);
});

test('what is appended is followed, also where a line comes in two pieces, and what was there before is not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'baton-bench-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const log = join(folder, 'orchestrator.log');
  writeFileSync(log, ending('before'));
  const seen: string[] = [];
  const following = followEndings(log, (workflowId, status) => seen.push(`${workflowId} ${status}`));
  onTestFinished(following.close);
  const text = ending('w1') + ending('w2');
  appendFileSync(log, text.slice(0, -40));
  await vi.waitFor(() => expect(seen).toEqual(['w1 completed']));
  appendFileSync(log, text.slice(-40));
  await vi.waitFor(() => expect(seen).toEqual(['w1 completed', 'w2 completed']));
});
