/**
 * The log of a process: one JSON object a line with one `event` name each, or one tidy line for people on a terminal.
 * **Invariant:** no secret leaves through here; the finished line is redacted, so it holds for any depth, for messages and for stacks.
 * **Invariant:** a line has at most some 32,000 characters, whatever is logged; one that would have more says how much was cut off.
 */
import { type DestinationStream, type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';

export type { Logger } from 'pino';

export interface LoggerOptions {
  /** The process: `api`, `orchestrator`, `worker-sales`. */
  readonly service: string;
  readonly level: string;
  /** `auto`: pretty on a terminal, else JSON. */
  readonly format: 'auto' | 'json' | 'pretty';
  /** Where the lines go; without it, standard output. */
  readonly destination?: DestinationStream & { readonly isTTY?: boolean };
}

const secretMember = /"((?:[\w-]*(?:password|secret|token|api[_-]?key)|authorization|proxy-authorization|cookie|set-cookie))":"(?:[^"\\]|\\.)*"/gi;
const urlPassword = /(:\/\/[^\s:@/"]*:)[^\s@/"]+@/g;
const sentinelPassword = /([?&]sentinel_password=)[^\s&"]+/g;

/** The JSON text without the values of secret members and without the passwords in URLs. */
export function redacted(line: string): string {
  return line.replace(secretMember, '"$1":"[redacted]"').replace(urlPassword, '$1[redacted]@').replace(sentinelPassword, '$1[redacted]');
}

/** A longer line keeps its members, each with the beginning of its text. */
const lineLengthMax = 32_000;
const [membersMax, memberLengthMax] = [30, 1_000];

export function bounded(line: string): string {
  if (line.length <= lineLengthMax) return line;
  const members = Object.entries(JSON.parse(line) as Record<string, unknown>).slice(0, membersMax);
  const short = members.map(([name, value]) => [name.slice(0, memberLengthMax), beginning(value)] as const);
  return `${JSON.stringify({ ...Object.fromEntries(short), cut_from_characters: line.length })}\n`;
}

function beginning(value: unknown): unknown {
  const whole = text(value);
  return whole.length <= memberLengthMax ? value : `${whole.slice(0, memberLengthMax)}…`;
}

/**
 * @example
 * const log = createLogger({ service: 'api', level: 'info', format: 'auto' });
 * log.info({ event: 'api_ready', url });
 */
export function createLogger({ service, level, format, destination }: LoggerOptions): Logger {
  const isTerminal = (destination ?? process.stdout).isTTY === true;
  const lines = destination ?? standardOutput();
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: (line) => bounded(redacted(line)) },
    },
    format === 'pretty' || (format === 'auto' && isTerminal) ? prettied(lines, isTerminal && process.env['NO_COLOR'] === undefined) : lines,
  );
}

/** The lines of one turn of the event loop in one write. Synchronous, also at the exit: the last lines are the ones that matter. */
function standardOutput(): DestinationStream {
  const output = pino.destination({ dest: 1, sync: true });
  let lines = '';
  const flush = (): void => {
    if (lines !== '') output.write(lines);
    lines = '';
  };
  process.on('exit', flush);
  return {
    write(line) {
      if (lines === '') setImmediate(flush);
      lines += line;
    },
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** Fields that the line shows in its own way, or that nobody reads on a terminal. */
const apart = new Set(['time', 'level', 'service', 'event', 'msg', 'err', 'timestamp']);

function prettied(lines: DestinationStream, colorize: boolean): DestinationStream {
  const pretty = prettyFactory({
    colorize,
    translateTime: 'SYS:HH:MM:ss.l',
    hideObject: true,
    messageFormat: (line, _messageKey, _level, { colors }) => {
      const fields = Object.entries(line).filter(([key]) => !apart.has(key));
      const pairs = fields.map(([key, value]) => `${colors.dim(`${key}=`)}${text(value)}`);
      const trace = (line['err'] as { stack?: string } | undefined)?.stack;
      const words = [text(line['service']).padEnd(12), text(line['event']).padEnd(18), ...pairs, trace ?? line['msg']];
      return words.filter((word) => word !== undefined && word !== '').join(' ');
    },
  });
  return { write: (line) => lines.write(pretty(line)) };
}
