/** The five agents, with what each needs put in. */
import type { Capability } from '@baton/core';
import { type Agent, defineAgent, type HandlerContext } from '@baton/worker';
import type { z } from 'zod';
import { createKpis } from './analytics/analytics-agent.ts';
import { analyticsKpis } from './capability/analytics-kpis.ts';
import { chartRender } from './capability/chart-render.ts';
import { dataClean } from './capability/data-clean.ts';
import { dataFetch } from './capability/data-fetch.ts';
import { reportAssemble } from './capability/report-assemble.ts';
import { createChartRender } from './chart/chart-agent.ts';
import { createDataClean } from './clean/clean-agent.ts';
import { createDataFetch, type DataAgentOptions } from './data/data-agent.ts';
import { createReportAssemble } from './report/report-agent.ts';

const version = '1.0.0';

export interface SalesAgentsOptions extends DataAgentOptions {
  readonly now: () => number;
}

export function createSalesAgents(options: SalesAgentsOptions): readonly Agent[] {
  const { exchange, now } = options;
  return [
    agent('data-agent', dataFetch, createDataFetch(options)),
    agent('clean-agent', dataClean, createDataClean({ exchange, now })),
    agent('analytics-agent', analyticsKpis, createKpis(exchange)),
    agent('chart-agent', chartRender, createChartRender(exchange)),
    agent('report-agent', reportAssemble, createReportAssemble({ exchange, now })),
  ];
}

/** An agent of one capability, whose handler fits the capability's schemas. */
function agent<Input extends z.ZodType, Output extends z.ZodType>(
  name: string,
  { name: capability, input, output }: Capability<Input, Output>,
  handler: (input: z.output<Input>, context: HandlerContext) => Promise<z.input<Output>>,
): Agent {
  return defineAgent({ name, version, capabilities: { [capability]: { input, output, handler } } });
}
