/** The topics agent: what the messages are about, and which message is about what. */
import type { FileExchange } from '@baton/files';
import { type AnswerWith, answer, type HandlerContext } from '@baton/worker';
import { z } from 'zod';
import { CleanMessage, type Topics, type textTopics } from '../capability/feedback.ts';
import { allLinesOf } from './message-lines.ts';
import { modelTopics } from './topic-model.ts';

type Input = z.output<typeof textTopics.input>;

/** Which topic a message has, by its place in the list. */
export const TopicOf = z.object({ id: z.string(), topic: z.int().nullable() });

const labelTerms = 3;

export function createTextTopics(exchange: FileExchange): (input: Input, context: HandlerContext) => Promise<AnswerWith<Topics>> {
  return async ({ input_uri, topics: topicsMax }, context) => {
    const messages = await allLinesOf(input_uri, CleanMessage, exchange, context);
    const model = modelTopics(
      messages.map(({ text }) => text),
      topicsMax,
    );
    const counts = model.topics.map((_, topic) => model.topicOf.filter((each) => each === topic).length);
    // The biggest first; what no message is mostly about is no topic.
    const order = counts.flatMap((count, topic) => (count > 0 ? [topic] : [])).toSorted((a, b) => (counts[b] as number) - (counts[a] as number) || a - b);
    await using file = await exchange.openLines(context, 'topics.ndjson');
    for (const [index, { id }] of messages.entries()) {
      const topic = model.topicOf[index] ?? null;
      await file.append({ id, topic: topic === null ? null : order.indexOf(topic) });
    }
    const topics = {
      uri: await file.commit(),
      topics: order.map((topic) => {
        const { terms } = model.topics[topic] as { readonly terms: readonly string[] };
        return { label: terms.slice(0, labelTerms).join(', '), terms: [...terms], count: counts[topic] as number };
      }),
      unassigned: model.topicOf.filter((topic) => topic === null).length,
    };
    return answer(topics, { contextUpdate: { topics } });
  };
}
