/** How far a reader has come in each of its streams: only to skip what it has in hand already, for what is settled is gone from them. */
import type { ReceivedReply } from '@baton/core';

const head = '0-0';

export interface ReplyCursors {
  /** The streams and the last id read of each. */
  readonly positions: ReadonlyMap<string, string>;
  /** From now on these streams; those that are new from their head. */
  readonly follow: (streams: Iterable<string>) => void;
  readonly rewind: () => void;
  /** Call before a read; what it returns takes the read's replies in, and gives back those that are still wanted. */
  readonly begin: () => (replies: readonly ReceivedReply[]) => readonly ReceivedReply[];
}

export function createCursors(): ReplyCursors {
  const positions = new Map<string, string>();
  let rewinds = 0;
  return {
    positions,
    follow(streams) {
      const wanted = new Set(streams);
      for (const stream of positions.keys()) if (!wanted.has(stream)) positions.delete(stream);
      for (const stream of wanted) if (!positions.has(stream)) positions.set(stream, head);
    },
    rewind() {
      rewinds += 1;
      for (const stream of positions.keys()) positions.set(stream, head);
    },
    begin() {
      const before = rewinds;
      return (replies) => {
        const wanted = replies.filter(({ stream }) => positions.has(stream));
        // A rewind while the read waited holds: what the read brought will come again.
        if (rewinds === before) for (const { stream, id } of wanted) positions.set(stream, id);
        return wanted;
      };
    },
  };
}
