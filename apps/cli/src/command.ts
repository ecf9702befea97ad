/** What every command has: --json, --api-url, examples in its help, and an exit code as its value. */
import { type BatonClient, createClient } from '@baton/client';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { createTerminal, type Terminal } from './terminal.ts';

export interface Context {
  readonly client: BatonClient;
  readonly terminal: Terminal;
  /** Whether to print JSON in place of text. */
  readonly json: boolean;
  /** Prints the value as it came from the API. */
  readonly printJson: (value: unknown) => void;
}

export interface CommonOptions {
  readonly json?: boolean;
  readonly apiUrl: string;
}

/** @returns the exit code */
export type Action<Options> = (context: Context, options: Options & CommonOptions, ...words: string[]) => Promise<number>;

interface CommandText {
  readonly usage: string;
  readonly summary: string;
  /** More than the summary, where there is more to say. */
  readonly about?: string;
  readonly examples: readonly string[];
}

export function addCommand(parent: Command, { usage, summary, about, examples }: CommandText): Command {
  return parent
    .command(usage)
    .summary(summary)
    .description(about === undefined ? `${summary}.` : `${summary}.\n\n${about}`)
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}\n`);
}

/** Adds the common options and the action. Call it last: the common options come last in the help. */
export function runs<Options>(command: Command, action: Action<Options>): Command {
  return command
    .option('--json', 'print JSON, as the API answers it')
    .addOption(new Option('--api-url <url>', 'where the API listens').env('BATON_API_URL').default('http://127.0.0.1:7400').argParser(parseUrl))
    .action(async (...given: unknown[]) => {
      // Commander gives the arguments, then the options, then the command.
      const words = given.slice(0, -2) as string[];
      const options = given.at(-2) as Options & CommonOptions;
      process.exitCode = await action(contextOf(options), options, ...words);
    });
}

function contextOf({ json = false, apiUrl }: CommonOptions): Context {
  const terminal = createTerminal(process.stdout, process.stderr, process.env);
  return {
    // Who sits in front of it wants to know at once, and repeats it or not.
    client: createClient({ baseUrl: apiUrl, repeatMs: 0 }),
    terminal,
    json,
    printJson: (value) => terminal.out(`${JSON.stringify(value, null, 2)}\n`),
  };
}

function parseUrl(text: string): string {
  if (/^https?:\/\/[^/]+/.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('It must be a URL like http://127.0.0.1:7400.');
}
