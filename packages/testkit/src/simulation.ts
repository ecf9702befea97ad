/**
 * The seeded simulation: orchestrators over one store and one queue in memory, in a world that drops, repeats, delays and reorders whatever it
 * can and kills processes between any two effects. First chaos, then calm; in the calm everything has to come to its end.
 * **Invariant:** a seed replays exactly: no real time, no randomness but the seed's, one thing at a time.
 *
 * Once: `SIM_SEED=123 pnpm exec vitest run packages/testkit/src/simulation.test.ts`. All of it: `SIM_RUNS=10000`, with `SIM_FROM` as the first seed.
 */
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { hasEnded, nextEventHash, partitionOf, type SameTree } from '@baton/core';
import { BrokenInvariant, createLedger, type Ledger } from './ledger.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';
import { createMemoryQueue, type MemoryQueue } from './memory-queue.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import { createRandom, type Random } from './random.ts';
import { randomDefinition } from './random-definition.ts';
import { createSimulatedAgents, type SimulatedAgents } from './simulated-agents.ts';
import { createSimulatedClients, type SimulatedClients } from './simulated-clients.ts';
import { createSimulatedOrchestrator, type SimulatedOrchestrator } from './simulated-orchestrator.ts';
import { createTurnstile, type Turnstile } from './simulated-process.ts';
import { verdict } from './simulation-verdict.ts';

export interface SimulationOutcome {
  readonly seed: number;
  readonly workflows: number;
  readonly commits: number;
  /** Subtasks that were dispatched behind others. */
  readonly inTrees: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Of everything that was recorded: the same for the same seed. */
  readonly digest: string;
}

export interface World {
  readonly random: Random;
  readonly clock: ManualClock;
  readonly store: MemoryStore;
  readonly queue: MemoryQueue;
  readonly ledger: Ledger;
  readonly turnstile: Turnstile;
  readonly agents: SimulatedAgents;
  readonly clients: SimulatedClients;
  /** Two that have partitions, and one that only answers clients. */
  readonly orchestrators: SimulatedOrchestrator[];
  readonly defects: unknown[];
  readonly sameTree: SameTree | undefined;
  /** When the chaos ended. */
  calmSince: number;
}

const chaosSteps = 360;
const calmRoundsMax = 1_500;

/** @throws what was wrong, with the seed in its message */
export async function simulate(seed: number): Promise<SimulationOutcome> {
  const world = await createWorld(seed);
  try {
    await chaos(world);
    await calm(world);
    await verdict(world);
  } catch (error) {
    const { message, stack } = error as Error;
    throw Object.assign(new Error(`SIM_SEED=${seed} ${message}`, { cause: error }), { stack, world });
  }
  const pages = [...world.ledger.pages.values()];
  const statuses = Object.fromEntries([...Map.groupBy(pages, ({ workflow }) => workflow.state.status)].map(([status, own]) => [status, own.length]));
  const digest = pages.reduce((hash, { events }) => nextEventHash(hash, events), '');
  const inTrees = pages.reduce((sum, page) => sum + page.inTrees, 0);
  return { seed, workflows: pages.length, commits: world.ledger.commits, inTrees, statuses, digest };
}

async function createWorld(seed: number): Promise<World> {
  const random = createRandom(seed);
  const clock = createManualClock();
  const queue = createMemoryQueue(() => clock.now());
  const store = createMemoryStore({ append: queue.append });
  const ledger = createLedger();
  const defects: unknown[] = [];
  const onDefect = (error: unknown): void => void defects.push(error);
  // Every world has its own temper, so that what is rare in one is common in another.
  const turnstile = createTurnstile(random, random.pick([0, 1, 1, 5]));
  const sameTree = random.pick<SameTree | undefined>([
    undefined,
    () => true,
    () => true,
    (one, other) => one === other,
    // What is known of the agents changes all the time.
    () => Math.floor(clock.now() / 1_000) % 2 === 0,
  ]);
  const isHasty = random.chance(0.25);
  const isPlain = random.chance(0.5);
  const now = (): number => clock.now();
  const agents = createSimulatedAgents({ random, queue, store, ledger, now });
  const roots = ['root-0', 'root-1'].slice(0, 1 + random.below(2));
  const clients = createSimulatedClients({ random, ledger, types: roots, onDefect });
  const world: World = {
    random,
    clock,
    store,
    queue,
    ledger,
    turnstile,
    agents,
    clients,
    orchestrators: [],
    defects,
    sameTree,
    calmSince: Number.POSITIVE_INFINITY,
  };
  for (let index = 0; index < 3; index += 1) world.orchestrators.push(newOrchestrator(world, index));
  // Registered by a process of its own that sees no faults: what is simulated is what comes afterwards.
  const { engine } = createSimulatedOrchestrator(
    { name: 'setup', isAlive: true, kill: () => {}, through: (port) => port },
    { queue, store, ledger, now, sameTree, onDefect },
  );
  for (const name of roots)
    await engine.register(randomDefinition(random, { name, nodesMax: isPlain ? 10 : 7, children: ['child', 'nest'], isHasty, isPlain }));
  await engine.register(randomDefinition(random, { name: 'child', nodesMax: 3, children: [], isHasty, isPlain }));
  await engine.register(randomDefinition(random, { name: 'nest', nodesMax: 3, children: ['child', 'nest'], isHasty: false, isPlain: false }));
  return world;
}

function newOrchestrator(world: World, index: number): SimulatedOrchestrator {
  const { random, turnstile, queue, store, ledger, clock, sameTree, defects } = world;
  const process = turnstile.admit(`orchestrator-${index}`, random.chance(0.5) ? 5 + random.below(150) : Number.POSITIVE_INFINITY);
  return createSimulatedOrchestrator(process, { queue, store, ledger, now: () => clock.now(), sameTree, onDefect: (error) => void defects.push(error) });
}

async function chaos(world: World): Promise<void> {
  const { random, clock, ledger, turnstile, agents, clients, orchestrators } = world;
  const steps: { readonly [step: string]: () => unknown } = {
    release: () => turnstile.release(),
    turn: () => begin(world, random.below(2)),
    take: () => agents.take(),
    work: () => agents.work(),
    ask: () => void clients.ask(random.pick(orchestrators).engine),
    tick: () => clock.advance(random.pick([1, 50, 1_000])),
    wait: () => clock.advance(random.pick([6_000, 61_000])),
    due: () => allSee(world),
    kill: () => random.pick(orchestrators).process.kill(),
    share: () => share(world),
  };
  const often = { release: 40, turn: 18, take: 14, work: 14, ask: 12, tick: 5, wait: 0.5, due: 2, kill: 0.7, share: 1.5 };
  const weights = Object.fromEntries(Object.entries(often).map(([step, weight]) => [step, weight * random.pick([0.3, 1, 1, 3])])) as typeof often;
  share(world);
  for (let step = 0; step < chaosSteps; step += 1) {
    orchestrators.forEach(({ process }, index) => {
      if (!process.isAlive) orchestrators[index] = newOrchestrator(world, index);
    });
    await steps[random.weighted(weights)]?.();
    await turnOfTheLoop();
    throwDefect(world);
    if (ledger.commits > 0 && step > 40 && [...ledger.pages.values()].every(({ workflow }) => hasEnded(workflow.state)) && random.chance(0.1)) break;
  }
}

function begin({ orchestrators }: World, index: number): void {
  const orchestrator = orchestrators[index];
  if (orchestrator !== undefined && !orchestrator.isBusy) void orchestrator.turn();
}

/** Something is due, and whoever owns it looks at the same moment. */
function allSee(world: World): void {
  const { clock } = world;
  clock.advance(Math.max(0, nextMoment(world) - clock.now()));
  begin(world, 0);
  begin(world, 1);
}

/** Who owns what changes; now and then both own the same, which is what a takeover looks like. */
function share({ random, orchestrators, ledger }: World): void {
  const used = usedPartitions(ledger);
  for (const orchestrator of orchestrators.slice(0, 2)) orchestrator.own(random.some(used, 0.7));
}

function usedPartitions(ledger: Ledger): readonly number[] {
  return [...new Set(['w0', 'w1', ...ledger.pages.keys()].map(partitionOf))];
}

/** When something will be due that nobody has looked at yet. */
function nextMoment({ ledger, queue, clock }: World): number {
  const deadlines = [...ledger.pages.values()].filter(({ workflow }) => !hasEnded(workflow.state)).flatMap((page) => [...page.watch.deadlines.values()]);
  const delayed = queue.nextDelayedAt();
  return Math.min(...deadlines, ...(delayed === null ? [] : [delayed]), clock.now() + 6_000);
}

/** No more faults: everybody does his work, and time passes, until every workflow has ended. */
async function calm(world: World): Promise<void> {
  const { random, clock, ledger, turnstile, agents, clients, orchestrators } = world;
  world.calmSince = clock.now();
  agents.calmDown();
  turnstile.open();
  orchestrators.forEach(({ process }, index) => {
    if (!process.isAlive) orchestrators[index] = newOrchestrator(world, index);
  });
  await turnOfTheLoop();
  const [first, second] = orchestrators as [SimulatedOrchestrator, SimulatedOrchestrator];
  if (random.chance(0.3)) await standStill(world, first);
  for (let round = 0; round < calmRoundsMax; round += 1) {
    const before = ledger.commits;
    const used = usedPartitions(ledger);
    first.own(used);
    second.own([]);
    await first.turn();
    let isWorking = false;
    while (await agents.take()) isWorking = true;
    while (await agents.work()) isWorking = true;
    await clients.help(second.engine);
    await turnOfTheLoop();
    throwDefect(world);
    if (isWorking || ledger.commits > before) continue;
    if ([...ledger.pages.values()].every(({ workflow }) => hasEnded(workflow.state))) return;
    clock.advance(Math.max(1, nextMoment(world) - clock.now()));
  }
  const open = [...ledger.pages].filter(([, { workflow }]) => !hasEnded(workflow.state)).map(([id, { workflow }]) => `${id} is ${workflow.state.status}`);
  throw new BrokenInvariant(`after ${calmRoundsMax} rounds of calm: ${open.join(', ')}`);
}

/** For some minutes nobody works and nobody asks: time alone has to find what was lost, and what nobody needs any more. */
async function standStill({ clock, ledger }: World, orchestrator: SimulatedOrchestrator): Promise<void> {
  for (let minute = 0; minute < 3; minute += 1) {
    clock.advance(61_000);
    orchestrator.own(usedPartitions(ledger));
    await orchestrator.turn();
    await orchestrator.turn();
  }
}

function throwDefect({ defects }: World): void {
  if (defects.length > 0) throw defects[0];
}
