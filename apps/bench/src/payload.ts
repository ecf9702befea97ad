/** What every subtask of every system is given and gives back: 200 bytes of JSON that name the workflow they belong to, so that results can be checked. */
const payloadBytes = 200;

/** How many queues the work is spread over, in Baton as capabilities, in raw BullMQ as they are: as many as a five-step workflow has. */
export const queueCount = 5;

export interface Echo {
  readonly text: string;
  /** How many results a join was given; 0 where there was no join. */
  readonly count: number;
}

/** The text of one workflow; with the braces and the count around it 200 bytes. */
export function textOf(workflowId: string): string {
  return `${workflowId} `.padEnd(payloadBytes - JSON.stringify({ text: '', count: 0 }).length, '.');
}

/** The one handler of the benchmark: does nothing, but with the workflow's own data. */
export function echo(text: string, joined: number): Echo {
  return { text, count: joined };
}
