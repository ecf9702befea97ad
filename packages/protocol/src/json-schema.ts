/** Our messages as JSON Schema (draft 2020-12), for agents and producers in other languages. */
import { z } from 'zod';
import { AgentEntry } from './agent.ts';
import { StartWorkflowBody } from './http.ts';
import { AssignmentMessage, ReplyMessage } from './message.ts';

export const messageSchemas = {
  assignment: z.toJSONSchema(AssignmentMessage),
  reply: z.toJSONSchema(ReplyMessage),
  agent: z.toJSONSchema(AgentEntry),
  start_workflow: z.toJSONSchema(StartWorkflowBody, { io: 'input' }),
};
