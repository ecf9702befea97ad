/** baton dead list: replies that could not be read, newest first. */
import type { DeadLetterView } from '@baton/protocol';
import type { Command } from 'commander';
import { type Action, addCommand, runs } from '../command.ts';
import { timeText } from '../duration.ts';
import { parseLimit } from '../limit.ts';
import { shortened } from '../table.ts';
import { styled, tame } from '../terminal.ts';

interface ListOptions {
  readonly limit: number;
  readonly cursor?: string;
}

/** For people; with --json as much as the API shows. */
const rawLengthMax = 200;

export function addDeadList(parent: Command): void {
  const command = addCommand(parent, {
    usage: 'list',
    summary: 'List replies that could not be read, newest first',
    about: 'They were put aside so that they block nothing. Their subtasks are settled without them: the engine asks the queue what became of the job.',
    examples: ['baton dead list', 'baton dead list --limit 200 --json'],
  })
    .option('--limit <count>', 'how many at most, up to 200', parseLimit, 20)
    .option('--cursor <cursor>', 'where the page before ended');
  runs(command, list);
}

const list: Action<ListOptions> = async ({ client, terminal, json, printJson }, { limit, cursor }) => {
  const page = await client.deadLetters({ limit, ...(cursor && { cursor }) });
  if (json) printJson(page);
  else if (page.dead_letters.length === 0) terminal.err('There are no dead letters.\n');
  else {
    terminal.out(`${page.dead_letters.map((letter) => letterLines(letter).join('\n')).join('\n\n')}\n`);
    if (page.next_cursor !== null) terminal.err(`${page.total} in all; for more repeat with --cursor ${page.next_cursor}\n`);
  }
  return 0;
};

function letterLines({ id, stream, at, problems, raw, raw_length }: DeadLetterView): readonly string[] {
  const text = shortened(tame(raw), rawLengthMax);
  return [
    `${styled('bold', id)}  ${tame(stream)}  ${styled('dim', timeText(at))}`,
    ...problems.map(({ path, message }) => `  ${styled('red', '✗')} ${tame(`${path} ${message}`)}`),
    `  ${text}${raw_length > rawLengthMax ? styled('dim', ` (${raw_length} characters)`) : ''}`,
  ];
}
