/** What the driver tells a process of agents to do wrong: a line of JSON on its standard input. */
import { z } from 'zod';

/**
 * `duplicate`: each reply is appended twice more, at once and late. `hold`: replies wait, each for another time, so they come in another order.
 * `garbage`: beside each reply comes something that nobody can read. `swallow`: in place of it. `silent`: handlers never answer. `unruly`: outputs
 * that do not fit.
 */
export const modes = ['duplicate', 'hold', 'garbage', 'swallow', 'silent', 'unruly'] as const;
export type Mode = (typeof modes)[number];

export const Order = z.discriminatedUnion('order', [
  z.object({ order: z.literal('misbehave'), mode: z.enum(modes), ms: z.int() }),
  /** 0: right again. */
  z.object({ order: z.literal('clock'), ms: z.int() }),
]);
export type Order = z.output<typeof Order>;
