/** One measurement on a running system: an order for the producer's process, and its answer. */
import { type Case, Measurement, type Order } from './measurement.ts';
import type { Options } from './options.ts';
import { giveOrder, ownMain } from './process.ts';
import type { System } from './system.ts';

export type Windows = Pick<Options, 'seconds' | 'warm-up'>;

/** A window in which fewer end than are in flight would count work that was done before it. */
const turnsMin = 2;

/** @throws {ProcessError} when a workflow did not end as it should; the producer has said why on standard error */
export async function measure(system: System, wanted: Case, windows: Windows, signal: AbortSignal): Promise<Measurement> {
  const order: Order = {
    case: wanted,
    redisUrl: system.redisUrl,
    prefix: system.prefix,
    apiUrl: system.apiUrl,
    logs: system.processes.filter(({ role }) => role === 'orchestrator').map(({ log }) => log),
    processes: system.processes.map(({ role, pid }) => ({ role, pid })),
    warmUpMs: windows['warm-up'] * 1_000,
    windowMs: windows.seconds * 1_000,
    countMin: wanted.inFlight === 1 ? 1 : turnsMin * wanted.inFlight,
  };
  return Measurement.parse(JSON.parse(await giveOrder(ownMain('producer-main'), JSON.stringify(order), signal).output));
}
