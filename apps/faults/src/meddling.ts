/**
 * What happens to the replies of an agent that misbehaves, where they leave for Redis: everything before that is the kit as it is. A reply is known by its
 * command, XADD to a result stream.
 */
import { randomUUID } from 'node:crypto';
import type { ReplyMessage } from '@baton/protocol';
import type { Redis } from '@baton/queue';
import type { Mode } from './order.ts';

export interface MeddlingOptions {
  readonly isOn: (mode: Mode) => boolean;
  /** Says that something unreadable will be, or was, appended, and of which dispatch the reply is lost with it. */
  readonly note: (what: 'garbage' | 'dumped' | 'swallowed', id: string) => void;
}

const heldMsMax = 1_500;
const lateMsMax = 8_000;
type Server = Exclude<Redis, { readonly nodes: unknown }>;
type Command = Parameters<Server['sendCommand']>[0];

export function meddleWithReplies(redis: Server, { isOn, note }: MeddlingOptions): void {
  const send = redis.sendCommand.bind(redis);
  const robbed = new Set<string>();
  let isOurs = false;

  /** Past ourselves. */
  async function append(words: readonly string[]): Promise<void> {
    isOurs = true;
    const appended = redis.xadd(...(words as [string, ...string[]]));
    isOurs = false;
    await appended;
  }

  function late(words: readonly string[], ms: number): void {
    // An agent that is killed meanwhile takes it along.
    setTimeout(() => void append(words).catch(() => {}), ms).unref();
  }

  async function dump(stream: string): Promise<void> {
    const id = randomUUID();
    note('garbage', id);
    await append(Math.random() < 0.5 ? [stream, '*', 'reply', `{"garbage":"${id}"`] : [stream, '*', 'garbage', id]);
    note('dumped', id);
  }

  /** One for each workflow: it takes a minute to find out about each, and they are found one after the other. */
  function isFirstLoss(words: readonly string[]): boolean {
    const [workflow = ''] = dispatchIn(words).split(/[.~]/, 1);
    const isFirst = !robbed.has(workflow);
    robbed.add(workflow);
    return isFirst;
  }

  redis.sendCommand = (command: Command, stream?: Parameters<Redis['sendCommand']>[1]) => {
    if (isOurs || !isReply(command)) return send(command, stream);
    const words = command.args.map(String);
    if (isOn('duplicate')) {
      late(words, 0);
      late(words, Math.random() * lateMsMax);
    }
    if (isOn('garbage')) void dump(words[0] as string).catch(() => {});
    if (isOn('swallow') && isFirstLoss(words)) {
      const id = randomUUID();
      note('garbage', id);
      note('swallowed', dispatchIn(words));
      command.args.splice(2, command.args.length - 2, 'reply', `{"swallowed":"${id}"`);
      void (command.promise as Promise<unknown>).then(
        () => note('dumped', id),
        () => {},
      );
    }
    if (!isOn('hold')) return send(command, stream);
    setTimeout(() => send(command, stream), Math.random() * heldMsMax);
    return command.promise;
  };
}

function dispatchIn(words: readonly string[]): string {
  return (JSON.parse(words[words.indexOf('reply') + 1] as string) as ReplyMessage).metadata.correlation_id;
}

function isReply({ name, args }: Command): boolean {
  return name === 'xadd' && String(args[0]).includes(':res.');
}
