/** What customers ask for in so many words: the sentence itself, and how often its like was said is not guessed at. */
import type { ScoredMessage } from '../capability/feedback.ts';
import { sentencesOf } from '../text/sentences.ts';

export interface Request {
  readonly id: string;
  readonly text: string;
}

const asking = /\b(please (add|offer|let|make|sell|use|bring|allow)|could you( please)?|would be (nice|great)|i wish|would love to)\b/i;
const requestsMax = 10;

export function requestsIn(messages: readonly ScoredMessage[]): readonly Request[] {
  return messages
    .flatMap(({ id, text }) =>
      sentencesOf(text)
        .filter((sentence) => asking.test(sentence))
        .slice(0, 1)
        .map((sentence) => ({ id, text: sentence })),
    )
    .slice(0, requestsMax);
}
