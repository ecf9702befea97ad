/**
 * The orchestrator's one loop: read replies, settle them, delete them, and between two reads pass the deadlines. One thing at a time, so that
 * a workflow's events meet one after the other; what makes it fast is that each thing is done for many at once.
 * **Invariant:** a reply is deleted only after everything that it changes is committed.
 */
import { AssertionError } from 'node:assert';
import { setTimeout as delay } from 'node:timers/promises';
import { partitionOf, type ReceivedReply, type ReplyReader } from '@baton/core';
import type { Engine } from '@baton/engine';
import { createPatience } from './patience.ts';

/** How late a deadline may be noticed. */
const tickMs = 250;
/** Fewer than this in one read: no stream was cut off, so all that was there has been read. */
const wholeRead = 256;
const retryMs = 500;

export interface SettleLoopOptions {
  readonly engine: Pick<Engine, 'settle' | 'tick'>;
  readonly reader: ReplyReader;
  /** Something in these partitions is of a newer schema than ours. It was left where it is. */
  readonly onNewer: (partitions: readonly number[]) => void;
  readonly warn: (event: string, error: unknown) => void;
}

export interface SettleLoop {
  own(partitions: readonly number[]): void;
  /** ms since something last went through: a read, if only an empty one. */
  idleMs(): number;
  /** Rejects with a bug; everything else is tried again. Resolves once the loop was stopped. */
  readonly ended: Promise<void>;
  /** Finishes what is in hand. */
  stop(): Promise<void>;
}

export function startSettleLoop({ engine, reader, onNewer, warn }: SettleLoopOptions): SettleLoop {
  const patience = createPatience();
  let owned: readonly number[] = [];
  let isDrained = false;
  let isStopping = false;
  let turnedAt = performance.now();
  let tickedAt = Number.NEGATIVE_INFINITY;

  async function turn(): Promise<void> {
    const begunAt = performance.now();
    const replies = await reader.read(Math.max(1, Math.min(tickedAt + tickMs - begunAt, patience.restMs(begunAt))));
    const due = patience.sift(replies, performance.now());
    if (due.length > 0) await settle({ engine, reader, onNewer, warn }, due);
    // A reply that waits says more than a deadline that has passed, so what was just taken over is read to the end first.
    if (replies.length < wholeRead) isDrained = true;
    if (isDrained && performance.now() >= tickedAt + tickMs) {
      const { isMore, newer } = await engine.tick(owned);
      if (newer.length > 0) onNewer(newer);
      tickedAt = isMore ? Number.NEGATIVE_INFINITY : performance.now();
    }
    turnedAt = performance.now();
  }

  async function run(): Promise<void> {
    while (!isStopping) {
      try {
        await turn();
      } catch (error) {
        if (isBug(error)) throw error;
        warn('settle_failed', error);
        patience.clear();
        reader.rewind();
        await delay(retryMs);
      }
    }
  }

  const ended = run();
  return {
    own(partitions) {
      owned = partitions;
      isDrained = false;
      // What is not ours any more is another's to settle, and what still is will be read again.
      patience.clear();
      reader.own(partitions);
      reader.rewind();
    },
    idleMs: () => performance.now() - turnedAt,
    ended,
    async stop() {
      isStopping = true;
      await ended;
    },
  };
}

async function settle({ engine, reader, onNewer, warn }: SettleLoopOptions, replies: readonly ReceivedReply[]): Promise<void> {
  const readable = replies.filter(({ report }) => report !== null);
  const unreadable = replies.filter(({ report, isNewer }) => report === null && isNewer !== true);
  const left = await engine.settle(readable.flatMap(({ report }) => report ?? []));
  await reader.remove(left.size === 0 ? readable : readable.filter(({ report }) => report !== null && !left.has(report.workflowId)));
  const newer = [...replies.filter(({ isNewer }) => isNewer === true).map(partitionOfReply), ...[...left].map(partitionOf)];
  if (newer.length > 0) onNewer(newer);
  for (const { stream, problems } of unreadable) {
    warn('reply_rejected', new Error(`${stream}: ${problems.map(({ path, message }) => `${path} ${message}`).join('; ')}`));
  }
  await reader.reject(unreadable);
}

function partitionOfReply({ stream }: ReceivedReply): number {
  return Number(stream.slice(stream.lastIndexOf('.') + 1));
}

/** Trying again would not mend it; a restart at least shows it. */
function isBug(error: unknown): boolean {
  return error instanceof AssertionError || error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
}
