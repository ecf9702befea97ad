/** The result streams in memory, as one reader sees them. */
import type { ReceivedReply, ReplyReader } from '@baton/core';
import { capabilityOfStream, parseReply } from '@baton/protocol';

export interface Entry {
  /** As Redis makes them: the time, and a counter. */
  readonly id: string;
  readonly raw: string;
}

export function createMemoryReader(streams: Map<string, Entry[]>, dead: ReceivedReply[], wakes: Set<() => void>): ReplyReader {
  const inHand = new Set<string>();
  let owned: ReadonlySet<number> = new Set();

  function next(): ReceivedReply[] {
    const replies: ReceivedReply[] = [];
    for (const [stream, entries] of streams) {
      if (!owned.has(partitionOfStream(stream))) continue;
      for (const { id, raw } of entries) {
        if (inHand.has(`${stream} ${id}`)) continue;
        inHand.add(`${stream} ${id}`);
        const reply = parseReply(raw, capabilityOfStream(stream));
        replies.push({
          stream,
          id,
          raw,
          isAwaitedInQueue: false,
          report: reply.ok ? { ...reply.value, at: Number.parseInt(id, 10) } : null,
          problems: reply.ok ? [] : reply.problems,
        });
      }
    }
    return replies;
  }

  async function wait(blockMs: number): Promise<void> {
    if (blockMs <= 0) return;
    let timer: NodeJS.Timeout | undefined;
    let wake: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      wake = resolve;
      wakes.add(resolve);
      timer = setTimeout(resolve, blockMs);
    });
    if (wake !== undefined) wakes.delete(wake);
    clearTimeout(timer);
  }

  function drop(replies: readonly ReceivedReply[]): void {
    for (const { stream, id } of replies) {
      streams.set(
        stream,
        (streams.get(stream) ?? []).filter((entry) => entry.id !== id),
      );
    }
  }

  return {
    async read(blockMs) {
      const replies = next();
      if (replies.length > 0) return replies;
      await wait(blockMs);
      return next();
    },
    async remove(replies) {
      drop(replies);
    },
    async reject(replies) {
      dead.push(...replies);
      drop(replies);
    },
    own(partitions) {
      const before = owned;
      owned = new Set(partitions);
      for (const key of inHand) {
        const partition = partitionOfStream(key.split(' ')[0] as string);
        // What comes anew is read from its head.
        if (!before.has(partition) || !owned.has(partition)) inHand.delete(key);
      }
    },
    rewind: () => inHand.clear(),
  };
}

function partitionOfStream(stream: string): number {
  return Number(stream.slice(stream.lastIndexOf('.') + 1));
}
