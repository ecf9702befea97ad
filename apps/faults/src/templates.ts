/**
 * The workflows of the load: each template all of a kind, its size and its parameters drawn, and its result the same whoever comes first. The names of
 * approvals and signals, and what is to become of them, stand here too, for whoever answers.
 */
import type { DefinitionInput, Json, NodeInput, TaskNode } from '@baton/core';
import type { Random } from '@baton/testkit';
import { attemptTimeoutMs, patient } from './handlers.ts';

export interface Workload {
  /** Of the template. */
  readonly kind: string;
  readonly definition: DefinitionInput;
  readonly params: { readonly seed: number };
  /** The approval that must be answered, with this. */
  readonly approves?: { readonly subtaskId: string; readonly by: string; readonly value: Json };
  readonly sends?: { readonly name: string; readonly payload: Json };
  /** It would wait for ever. */
  readonly isCancelled?: boolean;
}

/** Long enough for the driver to read what a workflow came to, through every outage; short enough to see it go. */
const retentionMs = 15_000;
const seeds = 20;

type Task = NodeInput & { readonly id: string };
type Given = Partial<Pick<TaskNode, 'needs' | 'fallback' | 'optional' | 'repairs' | 'writes'>> & Readonly<Record<string, unknown>>;

function task(id: string, capability: string, params: { readonly [name: string]: Json }, given: Given = {}): Task {
  return { id, capability, params, retry: patient, attempt_timeout_ms: attemptTimeoutMs, ...given };
}

const mix = (id: string, values: readonly Json[], given: Given = {}, more: { readonly [name: string]: Json } = {}): Task =>
  task(id, 'work.mix', { values: [...values], ...more }, given);
const effect = (id: string, values: readonly Json[], given: Given = {}): Task => task(id, 'work.effect', { values: [...values], ms: 30 }, given);

function definition(name: string, nodes: readonly NodeInput[], more: Partial<DefinitionInput> = {}): DefinitionInput {
  return { name: `faults_${name}`, version: 1, nodes, retention_ms: retentionMs, ...more };
}

/** What steps of others start; registered before the load. Its retention outlives those above, who are read first. */
export const childType = definition('child', [mix('a', ['$params.seed'], {}, { ms: 40 }), effect('b', ['$steps.a.n'])], {
  result: '$steps.b.n',
  retention_ms: 2 * retentionMs,
});

type Made = Pick<Workload, 'definition'> & Omit<Partial<Workload>, 'kind' | 'params'>;

function chain(random: Random): Made {
  const count = 2 + random.below(5);
  const guarded = random.below(count);
  const nodes = Array.from({ length: count }, (_, index) => {
    const values = index === 0 ? ['$params.seed'] : [`$steps.n${index - 1}.n`, index];
    return index === guarded ? effect(`n${index}`, values) : mix(`n${index}`, values, {}, { ms: random.below(80) });
  });
  return { definition: definition(`chain_${count}_${guarded}`, nodes) };
}

function diamond(random: Random): Made {
  const [width, slowMs] = [2 + random.below(3), 100 * random.below(9)];
  const sides = Array.from({ length: width }, (_, index) =>
    mix(`s${index}`, ['$steps.top.n', index], { writes: [`side.s${index}`] }, { ms: index === 0 ? slowMs : 10, writes: `side.s${index}` }),
  );
  const last = effect('bottom', [...sides.map(({ id }) => `$steps.${id}.n`), '$context.side.s0'], { needs: sides.map(({ id }) => id) });
  return { definition: definition(`diamond_${width}_${slowMs}`, [mix('top', ['$params.seed']), ...sides, last]) };
}

function map(random: Random): Made {
  const [size, concurrency] = [1 + random.below(6), 1 + random.below(3)];
  const { id: _, ...each } = random.chance(0.5) ? effect('x', ['$item', '$index']) : mix('x', ['$item', '$params.seed']);
  const nodes = [
    { id: 'all', kind: 'map', over: Array.from({ length: size }, (__, index) => index * 7), each, concurrency, aggregate: { strategy: 'sum', of: 'n' } },
    mix('sum', ['$steps.all']),
  ];
  return { definition: definition(`map_${size}_${concurrency}_${(each as { capability: string }).capability}`, nodes as NodeInput[]) };
}

function loop(): Made {
  const { id: _a, ...generate } = mix('x', ['$loop.round', '$loop.previous.n?', '$params.seed']);
  const { id: _b, ...critique } = task('x', 'work.score', { draft: '$loop.draft', round: '$loop.round' });
  const nodes = [{ id: 'refine', kind: 'loop', generate, critique, threshold: 0.8, max_iterations: 5 }, effect('use', ['$steps.refine.n'])];
  return { definition: definition('loop', nodes as NodeInput[]) };
}

function child(random: Random): Made {
  const size = 1 + random.below(3);
  const each = { kind: 'workflow', type: childType.name, params: { seed: '$item' } };
  const nodes = [
    { id: 'one', kind: 'workflow', type: childType.name, params: { seed: '$params.seed' } },
    { id: 'many', kind: 'map', over: Array.from({ length: size }, (_, index) => index), each, needs: ['one'] },
    mix('end', ['$steps.one', '$steps.many']),
  ];
  return { definition: definition(`child_${size}`, nodes as NodeInput[]) };
}

function plan(random: Random): Made {
  const parts = random.below(4);
  const planner = { ...task('plan', 'work.plan', { values: ['$params.seed'], parts }), kind: 'plan', allow: ['work.*'] };
  return { definition: definition(`plan_${parts}`, [planner as NodeInput, mix('end', ['$steps.plan'])]) };
}

function approval(random: Random): Made {
  const value = 100 + random.below(3);
  const gate = { id: 'ok', kind: 'approval', approvers: ['ann'], params: { value: '$steps.draft.n' } } as NodeInput;
  const nodes = [mix('draft', ['$params.seed']), gate, effect('publish', ['$steps.draft.n', '$steps.ok.value?'], { needs: ['ok'] })];
  return { definition: definition('approval', nodes), approves: { subtaskId: 'ok', by: 'ann', value } };
}

function signal(random: Random): Made {
  const nodes = [
    mix('before', ['$params.seed']),
    { id: 'go', kind: 'signal', signal: 'go', needs: ['before'] } as NodeInput,
    effect('after', ['$steps.go', '$steps.before.n']),
  ];
  return { definition: definition('signal', nodes), sends: { name: 'go', payload: { word: random.below(5) } } };
}

function sleep(random: Random): Made {
  const ms = 200 + 400 * random.below(4);
  const nodes = [
    mix('before', ['$params.seed']),
    { id: 'nap', kind: 'sleep', for_ms: ms, needs: ['before'] } as NodeInput,
    effect('after', ['$steps.before.n'], { needs: ['nap'] }),
  ];
  return { definition: definition(`sleep_${ms}`, nodes) };
}

/** Voters of three capabilities, as an agent has one vote in each; they all say the same, so it does not matter who is late. */
function vote(random: Random): Made {
  const kind = random.pick(['quorum', 'first', 'any'] as const);
  const join = { quorum: { kind, k: 2, of: 3 }, first: { kind, k: 2 }, any: { kind } }[kind];
  const voters = ['work.mix', 'work.effect', 'work.tricky'].map((capability, index) =>
    task(`v${index}`, capability, { values: ['$params.seed'], ms: index * 60 }, { fallback: index === 2 ? ['work.mix'] : [] }),
  );
  const nodes = [...voters, { id: 'votes', kind: 'gather', needs: voters.map(({ id }) => id), join, aggregate: { strategy: 'first', k: 1 } } as NodeInput];
  return { definition: definition(`vote_${kind}`, [...nodes, mix('end', ['$steps.votes[0].n'])]) };
}

/** Everything that goes wrong and is made good by the definition. */
function rescue(): Made {
  const nodes = [
    mix('flaky', ['$params.seed'], {}, { fails: 2 }),
    task('tricky', 'work.tricky', { values: ['$steps.flaky.n'] }, { fallback: ['work.mix'] }),
    task('broken', 'work.tricky', { values: ['$params.seed'], isBroken: true }, { fallback: ['work.mix'], needs: ['flaky'], optional: true }),
    task('fussy', 'work.fussy', { values: ['$steps.tricky.n'] }, { repairs: 3, rules: [{ rule: 'output.text != ""', message: 'it must say something' }] }),
    effect('end', ['$steps.fussy.n', '$steps.fussy.text', '$steps.broken.n?'], { needs: ['fussy', 'broken'] }),
  ];
  return { definition: definition('rescue', nodes) };
}

function failure(): Made {
  return { definition: definition('failure', [mix('a', ['$params.seed']), mix('b', ['$steps.a.n'], {}, { isBroken: true }), effect('c', ['$steps.b.n'])]) };
}

function cancelled(): Made {
  const nodes = [effect('a', ['$params.seed']), { id: 'never', kind: 'signal', signal: 'never', needs: ['a'] } as NodeInput, effect('b', ['$steps.never'])];
  return { definition: definition('cancelled', nodes), isCancelled: true };
}

const templates = { chain, diamond, map, loop, child, plan, approval, signal, sleep, vote, rescue, failure, cancelled } as const;
const weights = { chain: 5, diamond: 3, map: 3, loop: 2, child: 2, plan: 2, approval: 2, signal: 2, sleep: 2, vote: 3, rescue: 3, failure: 1, cancelled: 1 };

export function drawWorkload(random: Random): Workload {
  const kind = random.weighted(weights);
  return { kind, params: { seed: random.below(seeds) }, ...templates[kind](random) };
}
