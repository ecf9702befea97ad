/** Following a workflow to its end from the command line, and telling how it ended. */
import { exitCodes, type WorkflowResultView, type WorkflowView } from '@baton/protocol';
import type { Context } from './command.ts';
import { briefResultLines, resultLines } from './result-text.ts';
import { jsonScreen, lineScreen, liveScreen } from './screen.ts';
import { troubleMsMax, watch } from './watch.ts';
import { endLine } from './workflow-text.ts';

/** As shells have it for what Ctrl-C ended. */
const interruptedExitCode = 130;

/** Shows it until it ends; Ctrl-C ends only the watching. @returns the exit code */
export async function followLive({ client, terminal, json }: Context, workflowId: string, { parts = false } = {}): Promise<number> {
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  const screen = json ? jsonScreen(terminal) : terminal.isLive ? liveScreen(terminal, Date.now) : lineScreen(terminal, Date.now);
  const view = await watch({ client, workflowId, screen, parts, signal: interrupt.signal });
  process.removeListener('SIGINT', onInterrupt);
  if (view === null) {
    terminal.err(`\nStopped watching; the workflow runs on. To look at it again: baton workflow describe ${workflowId} --watch\n`);
    return interruptedExitCode;
  }
  if (json) terminal.out(`${JSON.stringify({ event: 'ended', ...endOf(view), duration_ms: view.duration_ms })}\n`);
  else printEnd({ terminal }, view);
  return exitCodeOf(view.status);
}

/** Waits for the end in silence, and prints the result. @returns the exit code */
export async function followQuietly(context: Context, workflowId: string): Promise<number> {
  const view = await context.client.result(workflowId, { waitMs: Number.POSITIVE_INFINITY, repeatMs: troubleMsMax });
  printResult(context, view);
  return exitCodeOf(view.status);
}

/** The result alone on standard output; how a workflow failed is for standard error. */
export function printResult({ terminal, json, printJson }: Context, view: WorkflowResultView): void {
  if (json) printJson(view);
  else if (view.status === 'completed') terminal.out(`${resultLines(view.result).join('\n')}\n`);
  else terminal.err(`${endLine(view, null)}\n`);
}

/** By the way, so in brief: whoever wants the result asks for it. */
export function printEnd({ terminal }: Pick<Context, 'terminal'>, view: WorkflowView): void {
  const result = briefResultLines(view.result, view.workflow_id);
  terminal.out([...(result.length === 0 ? [] : [...result, '']), endLine(view, view.duration_ms), ''].join('\n'));
}

export function exitCodeOf(status: WorkflowView['status']): number {
  return status === 'completed' ? exitCodes.ok : exitCodes.failed;
}

function endOf({ workflow_id, status, result, error }: WorkflowView): WorkflowResultView {
  return { workflow_id, status, ...(result !== undefined && { result }), error };
}
