/** Three clients who start, control, answer and signal as they like, each through any process; and what they were told, to be held against the record. */
import { type Control, hasEnded, isSettled } from '@baton/core';
import type { Engine } from '@baton/engine';
import type { Ledger } from './ledger.ts';
import type { LedgerPage } from './ledger-page.ts';
import type { Random } from './random.ts';
import { SimulatedOutage } from './simulated-process.ts';

/** An answer that a client knows to be counted. */
export interface AppliedAnswer {
  readonly workflowId: string;
  readonly subtaskId: string;
  readonly by: string;
}

export interface SimulatedClients {
  readonly applied: readonly AppliedAnswer[];
  /** One of them asks for something. Ends on its own, or never if the process dies. */
  ask(engine: Engine): Promise<void>;
  /** Starts everything that is to be started, answers and resumes everything that waits for it. */
  help(engine: Engine): Promise<void>;
}

export interface ClientsWorld {
  readonly random: Random;
  readonly ledger: Ledger;
  /** One workflow of each is started. */
  readonly types: readonly string[];
  readonly onDefect: (error: unknown) => void;
}

export function createSimulatedClients({ random, ledger, types, onDefect }: ClientsWorld): SimulatedClients {
  const applied: AppliedAnswer[] = [];
  let signals = 0;
  const names = ['ann', 'bob', 'cyd'];
  const requests = types.map((type, index) => ({
    workflowId: `w${index}`,
    type,
    params: { seed: index, flag: random.chance(0.5), items: [1, 2, 3].slice(0, random.below(4)) },
    conversationId: 'talk',
  }));

  async function start(engine: Engine, caller: string): Promise<void> {
    const outcome = await engine.start({ ...random.pick(requests), caller });
    if (!('summary' in outcome)) onDefect(new Error(`a start was answered ${JSON.stringify(outcome)}`));
  }

  async function control(engine: Engine, workflowId: string, by: string): Promise<void> {
    const steps = [...(ledger.pages.get(workflowId)?.workflow.type.graph.nodes.keys() ?? [])];
    const action = random.weighted({ pause: 6, resume: 6, cancel: 0.7, terminate: 0.4, retry: 3, rerun: 2 });
    const isCancel = action === 'cancel';
    const asked: Control = isCancel
      ? { action, graceMs: random.pick([0, 10_000]) }
      : action === 'rerun'
        ? { action, from: random.pick([...steps, 'nowhere']) }
        : { action };
    await engine.control(workflowId, asked, by);
  }

  async function answer(engine: Engine, workflowId: string, asked?: string): Promise<void> {
    const open = (await engine.approvals(workflowId)) ?? [];
    const approval = open.length === 0 ? undefined : (open.find(({ subtaskId }) => subtaskId === asked) ?? random.pick(open));
    if (approval === undefined) return;
    const by = approval.tokens['*'] === undefined ? random.pick(Object.keys(approval.tokens)) : random.pick(names);
    const token = random.chance(0.05) ? 'forged' : ((approval.tokens[by] ?? approval.tokens['*']) as string);
    const decision = random.chance(0.75) ? 'approve' : 'reject';
    const { subtaskId } = approval;
    const outcome = await engine.answer(workflowId, subtaskId, { by, token, decision, ...(random.chance(0.2) && { value: 'edited' }) });
    if (outcome.status !== 'answered' || outcome.outcome !== 'applied') return;
    if (token === 'forged') onDefect(new Error(`${workflowId}: a forged token was accepted for ${subtaskId}`));
    applied.push({ workflowId, subtaskId, by });
  }

  async function signal(engine: Engine, workflowId: string, name: string, by: string): Promise<void> {
    signals += random.chance(0.8) ? 1 : 0;
    await engine.signal(workflowId, { id: `signal-${signals}`, name, payload: signals, by });
  }

  /** The step that it was the work of is over: nobody does anything for it any more. */
  function isOrphan({ workflow: { header } }: LedgerPage): boolean {
    const { parent } = header;
    return parent !== undefined && isSettled(ledger.pages.get(parent.workflowId)?.workflow.subtasks.get(parent.subtaskId));
  }

  async function politely(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof SimulatedOutage)) onDefect(error);
    }
  }

  return {
    applied,
    async ask(engine) {
      const by = random.pick(names);
      const known = [...ledger.pages.keys()];
      if (known.length === 0 || random.chance(0.15)) return await politely(() => start(engine, by));
      const workflowId = random.pick(known);
      const deeds = {
        control: () => control(engine, workflowId, by),
        answer: () => answer(engine, workflowId),
        signal: () => signal(engine, workflowId, random.pick(['go', 'stop']), by),
        why: () => engine.why(workflowId),
      };
      await politely(deeds[random.weighted({ control: 5, answer: 5, signal: 3, why: 1 })]);
    },
    async help(engine) {
      for (const request of requests) if (!ledger.pages.has(request.workflowId)) await politely(() => engine.start({ ...request, caller: 'ann' }));
      for (const [workflowId, page] of ledger.pages) {
        if (hasEnded(page.workflow.state) || isOrphan(page)) continue;
        if (page.workflow.state.status === 'paused') {
          // What was paused with its parent goes on with it.
          if (!page.workflow.state.by.startsWith('parent')) await politely(() => engine.control(workflowId, { action: 'resume' }, 'ann'));
          continue;
        }
        for (const [subtaskId, subtask] of page.workflow.subtasks) {
          if (subtask.status !== 'waiting' || random.chance(0.5)) continue;
          if (subtask.for.kind === 'approval') await politely(() => answer(engine, workflowId, subtaskId));
          if (subtask.for.kind === 'signal') {
            const name = subtask.for.signal;
            await politely(() => signal(engine, workflowId, name, 'bob'));
          }
        }
      }
    },
  };
}
