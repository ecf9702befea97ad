/** GET /v1/agents: who is there and what they can do. */
import { ok } from '../answer.ts';
import type { Handler } from '../deps.ts';
import { agentsView } from '../view.ts';

export const listAgents: Handler = async ({ agents }) => ok(agentsView(await agents()));
