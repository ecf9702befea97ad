/** The five agents, with what each needs put in. What takes a big library is loaded with its first subtask. */
import { type Agent, defineAgent, whenNeeded } from '@baton/worker';
import { analyticsKpis } from './capability/analytics-kpis.ts';
import { chartRender } from './capability/chart-render.ts';
import { dataClean } from './capability/data-clean.ts';
import { dataFetch } from './capability/data-fetch.ts';
import { reportAssemble } from './capability/report-assemble.ts';
import { createDataClean } from './clean/clean-agent.ts';
import { createDataFetch, type DataAgentOptions } from './data/data-agent.ts';

const version = '1.0.0';

export interface SalesAgentsOptions extends DataAgentOptions {
  readonly now: () => number;
}

export function createSalesAgents(options: SalesAgentsOptions): readonly Agent[] {
  const { exchange, now } = options;
  return [
    defineAgent({ name: 'data-agent', version, capabilities: { 'data.fetch': { ...dataFetch, handler: createDataFetch(options) } } }),
    defineAgent({ name: 'clean-agent', version, capabilities: { 'data.clean': { ...dataClean, handler: createDataClean({ exchange, now }) } } }),
    defineAgent({
      name: 'analytics-agent',
      version,
      capabilities: {
        'analytics.kpis': { ...analyticsKpis, handler: whenNeeded(async () => (await import('./analytics/analytics-agent.ts')).createKpis(exchange)) },
      },
    }),
    defineAgent({
      name: 'chart-agent',
      version,
      capabilities: {
        'chart.render': { ...chartRender, handler: whenNeeded(async () => (await import('./chart/chart-agent.ts')).createChartRender(exchange)) },
      },
    }),
    defineAgent({
      name: 'report-agent',
      version,
      capabilities: {
        'report.assemble': {
          ...reportAssemble,
          handler: whenNeeded(async () => (await import('./report/report-agent.ts')).createReportAssemble({ exchange, now })),
        },
      },
    }),
  ];
}
