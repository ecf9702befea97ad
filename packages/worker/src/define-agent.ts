/** What an agent is: a name and capabilities, each with the schemas of its input and output and the handler between them. */
import { CapabilityName, childCapability, type JsonObject, type Usage } from '@baton/core';
import { z } from 'zod';
import type { HandlerContext } from './handler-context.ts';

const AgentName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'must be 1 to 64 of the characters A-Z a-z 0-9 _ . -, like data-agent');

/** One capability with its types put away, as `runAgent` takes it. */
export interface Capability {
  readonly input: z.ZodType;
  readonly output: z.ZodType;
  readonly handler: (input: never, context: HandlerContext) => unknown;
}

export interface Agent {
  readonly name: string;
  readonly version: string;
  readonly capabilities: ReadonlyMap<string, Capability>;
}

/** What a handler may return: its output as the output schema takes it, or that with more around it. */
export type Answer<Output> = Output | AnswerWith<Output>;

export interface AnswerExtras {
  /** Dotted paths of the workflow's context and their new values. */
  readonly contextUpdate?: JsonObject;
  /** What the work cost, in units of the agent's own. */
  readonly usage?: Usage;
}

export class AnswerWith<Output> {
  readonly output: Output;
  readonly extras: AnswerExtras;

  constructor(output: Output, extras: AnswerExtras) {
    this.output = output;
    this.extras = extras;
  }
}

/**
 * An output with what it cost, or with changes to the workflow's context.
 *
 * @example
 * return answer({ text }, { usage: { tokens: 812 } });
 */
export function answer<Output>(output: Output, extras: AnswerExtras): AnswerWith<Output> {
  return new AnswerWith(output, extras);
}

/**
 * By name: what the input schemas make, which the handlers are given, and what the output schemas take, which they must return.
 * In two parts, because that is how TypeScript reads both off one object; only the schemas say what the types are.
 */
export type Capabilities<Inputs extends Record<string, unknown>, Outputs extends Record<string, unknown>> = {
  readonly [Name in keyof Inputs]: {
    readonly input: z.ZodType<Inputs[Name]>;
    readonly handler: (input: Inputs[Name], context: HandlerContext) => unknown;
  };
} & {
  readonly [Name in keyof Outputs]: {
    readonly output: z.ZodType<unknown, Outputs[Name]>;
    readonly handler: (...given: never[]) => Answer<NoInfer<Outputs[Name]>> | Promise<Answer<NoInfer<Outputs[Name]>>>;
  };
};

/**
 * Return is success; throw is another attempt, unless it is a `NonRetryableError`.
 *
 * @example
 * export const dataAgent = defineAgent({
 *   name: 'data-agent',
 *   capabilities: {
 *     'data.fetch': {
 *       input: z.object({ path: z.string() }),
 *       output: z.object({ uri: z.string(), rows: z.int() }),
 *       handler: async ({ path }, { signal, progress }) => await fetchRows(path, signal, progress),
 *     },
 *   },
 * });
 */
export function defineAgent<Inputs extends Record<string, unknown>, Outputs extends Record<string, unknown>>(agent: {
  readonly name: string;
  readonly version?: string;
  readonly capabilities: Capabilities<Inputs, Outputs>;
}): Agent {
  const capabilities = new Map(Object.entries(agent.capabilities as unknown as Record<string, Capability>));
  z.array(
    CapabilityName.refine((name) => name !== childCapability, `"${childCapability}" is what child workflows answer as: call the capability something else`),
  )
    .min(1, 'an agent needs a capability')
    .parse([...capabilities.keys()]);
  return { name: AgentName.parse(agent.name), version: agent.version ?? '0.0.0', capabilities };
}
