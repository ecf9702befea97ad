/** Our messages as JSON Schema (draft 2020-12), for agents and producers in other languages. */
import { z } from 'zod';
import { AgentEntry } from './agent.ts';
import { SentAssignment, SentReply } from './by-reference.ts';
import { StartWorkflowBody } from './http.ts';

export const messageSchemas = {
  assignment: z.toJSONSchema(SentAssignment),
  reply: z.toJSONSchema(SentReply),
  agent: z.toJSONSchema(AgentEntry),
  start_workflow: z.toJSONSchema(StartWorkflowBody, { io: 'input' }),
};
