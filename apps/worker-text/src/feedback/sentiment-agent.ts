/** The sentiment agent: a score for each message, and what they come to by week and channel. */
import type { FileExchange } from '@baton/files';
import { type AnswerWith, answer, type HandlerContext } from '@baton/worker';
import type { z } from 'zod';
import { CleanMessage, type Mood, moods, type ScoredMessage, type Sentiment, type textSentiment } from '../capability/feedback.ts';
import { linesOf } from './message-lines.ts';
import { agrees, moodOf, scoreOf } from './mood.ts';

type Input = z.output<typeof textSentiment.input>;

const channelsMax = 12;

export function createTextSentiment(exchange: FileExchange): (input: Input, context: HandlerContext) => Promise<AnswerWith<Sentiment>> {
  return async ({ input_uri }, context) => {
    await using file = await exchange.openLines(context, 'scored.ndjson');
    const scored: ScoredMessage[] = [];
    for await (const message of linesOf(input_uri, CleanMessage, exchange, context)) {
      const score = scoreOf(message.text);
      const entry = { ...message, score, mood: moodOf(score) };
      scored.push(entry);
      await file.append(entry);
    }
    const sentiment = { uri: await file.commit(), ...figures(scored) };
    return answer(sentiment, { contextUpdate: { sentiment } });
  };
}

function figures(scored: readonly ScoredMessage[]): Omit<Sentiment, 'uri'> {
  const rated = scored.flatMap(({ rating, mood }) => (rating === null ? [] : [{ rating, mood }]));
  const weeks = Object.entries(
    Object.groupBy(
      scored.filter(({ date }) => date !== null),
      ({ date }) => mondayOf(date as string),
    ),
  );
  const channels = Object.entries(
    Object.groupBy(
      scored.filter(({ channel }) => channel !== null),
      ({ channel }) => channel as string,
    ),
  );
  return {
    count: scored.length,
    average: average(scored),
    moods: Object.fromEntries(moods.map((mood) => [mood, countOf(scored, mood)])) as Record<Mood, number>,
    weeks: weeks
      .map(([from, group = []]) => ({ from, count: group.length, average: average(group), negative: countOf(group, 'negative') }))
      .toSorted((a, b) => (a.from < b.from ? -1 : 1)),
    channels: channels
      .map(([channel, group = []]) => ({ channel, count: group.length, average: average(group) }))
      .toSorted((a, b) => b.count - a.count || (a.channel < b.channel ? -1 : 1))
      .slice(0, channelsMax),
    rated: {
      count: rated.length,
      average: rated.length === 0 ? null : rounded(rated.reduce((sum, { rating }) => sum + rating, 0) / rated.length),
      agreeing: rated.filter(({ rating, mood }) => agrees(mood, rating)).length,
    },
  };
}

function countOf(group: readonly ScoredMessage[], mood: Mood): number {
  return group.filter((message) => message.mood === mood).length;
}

function average(group: readonly ScoredMessage[]): number {
  return group.length === 0 ? 0 : rounded(group.reduce((sum, { score }) => sum + score, 0) / group.length);
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

function mondayOf(date: string): string {
  const day = new Date(`${date}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  return day.toISOString().slice(0, 10);
}
