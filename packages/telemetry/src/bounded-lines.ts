/** Lines that an outage would repeat for as long as it lasts: some of each event are written, the others counted, so that an outage fills no disk. */

export interface Line {
  readonly event: string;
  readonly [field: string]: unknown;
}

const windowMs = 10_000;
const linesMax = 10;

interface Window {
  endsAt: number;
  lines: number;
  suppressed: number;
}

/** Of each event no more than ten in ten seconds; the next one after those says how many were left out (`suppressed`). */
export function boundedLines(write: (line: Line) => void, now: () => number = () => performance.now()): (line: Line) => void {
  /** By event: there are as many as the code has names. */
  const windows = new Map<string, Window>();

  return (line) => {
    const window = windows.get(line.event) ?? { endsAt: 0, lines: 0, suppressed: 0 };
    windows.set(line.event, window);
    if (now() >= window.endsAt) {
      window.endsAt = now() + windowMs;
      window.lines = 0;
    }
    if (window.lines >= linesMax) {
      window.suppressed += 1;
      return;
    }
    window.lines += 1;
    const { suppressed } = window;
    window.suppressed = 0;
    write(suppressed > 0 ? { ...line, suppressed } : line);
  };
}
