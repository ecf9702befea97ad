/** Times as people read and write them. */
import { InvalidArgumentError } from 'commander';

/** `0.4s`, `12.3s`, `2m 05s`, `1h 02m`, `3d 4h` */
export function durationText(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 3_600) return `${Math.floor(whole / 60)}m ${twoDigits(whole % 60)}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 1_440) return `${Math.floor(minutes / 60)}h ${twoDigits(minutes % 60)}m`;
  return `${Math.floor(minutes / 1_440)}d ${Math.floor((minutes % 1_440) / 60)}h`;
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `10s`, `500ms`, `2m`, `1h` as ms; for flags. @throws {InvalidArgumentError} */
export function parseDuration(text: string): number {
  const [, count, unit = ''] = /^(\d{1,7})(ms|s|m|h)$/.exec(text) ?? [];
  const factor = units[unit];
  if (factor === undefined) throw new InvalidArgumentError('It must be a time like 10s, 500ms, 2m or 1h.');
  return Number(count) * factor;
}

/** `2026-11-20 09:41:02`, in the reader's zone. */
export function timeText(iso: string): string {
  const at = new Date(iso);
  const day = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(twoDigits).join('-');
  return `${day} ${clockText(at)}`;
}

export function clockText(at: Date): string {
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(':');
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
