/** Where the words go: standard output for what was asked for, standard error for what went wrong. Colours only on a terminal that wants them. */
import { stripVTControlCharacters, styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

export interface Terminal {
  /** Text with its line ends. */
  out(text: string): void;
  err(text: string): void;
  /** Of standard output; without a terminal there is no limit. */
  readonly columns: number;
  readonly rows: number;
  /** Whether what was written can be drawn over. */
  readonly isLive: boolean;
}

export function createTerminal(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): Terminal {
  const isTerminal = stdout.isTTY;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    get columns() {
      return isTerminal ? stdout.columns : Number.POSITIVE_INFINITY;
    },
    get rows() {
      return isTerminal ? stdout.rows : Number.POSITIVE_INFINITY;
    },
    isLive: isTerminal && environment['TERM'] !== 'dumb' && (environment['NO_COLOR'] ?? '') === '',
  };
}

/** Plain where standard output is no terminal, or NO_COLOR is set. */
export function styled(style: Style | undefined, text: string): string {
  return style === undefined || text === '' ? text : styleText(style, text);
}

/** Other people's text on one line, without what would move the cursor. */
export function tame(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
}
