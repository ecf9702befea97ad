/** A clock of the process that can be shifted, as that of a machine whose time is set. What has taken `Date.now` along before this is loaded keeps the true one. */
const RealDate = globalThis.Date;
let shiftMs = 0;

class ShiftedDate extends RealDate {
  constructor(...given: readonly unknown[]) {
    // As Date has it: without arguments it is now.
    super(...((given.length === 0 ? [RealDate.now() + shiftMs] : given) as [number]));
  }

  static override now(): number {
    return RealDate.now() + shiftMs;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;

export function shiftClock(ms: number): void {
  shiftMs = ms;
}

/** What it really is. */
export function trueNow(): number {
  return RealDate.now();
}
