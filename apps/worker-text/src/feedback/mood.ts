/**
 * How a message sounds, from -1 to 1. VADER knows the words of feeling, their negation and emphasis; customers complain in facts, which it does not
 * know ("charged twice", "nine days late"). So what it says is moved by phrases of service, each as far as its weight.
 */
import vader from 'vader-sentiment';
import type { Mood } from '../capability/feedback.ts';

/** Beyond these a message is not neutral; VADER's own bounds. */
const bound = 0.05;

const phrases: readonly (readonly [weight: number, pattern: RegExp])[] = [
  [
    -0.7,
    /\b(crash(es|ed|ing)?|freez(es|ing)|froze|broken?|broke|snapp?ed off|leaks?|leaking|in pieces|defects?|faulty|damaged|scratched|torn|flimsy|burnt|dangerous)\b/gi,
  ],
  [
    -0.6,
    /\b(charged twice|double charge|second charge|charged (me )?(after|instead)|still take the money|was charged for a|theft|dispute the charge|no refund|want (the|my) money back|lost my basket)\b/gi,
  ],
  [-0.6, /\b((does|do|did)(n't| not) work|keeps? (failing|sending)|told you)\b/gi],
  [
    -0.6,
    /\b(never (came|arrived?s?|got|again)|nothing (has )?arrived|not arrived|not moved|nobody|no (one|answer|reply|explanation)|did not arrive|missed delivery|went dead|on hold)\b/gi,
  ],
  [
    -0.5,
    /\b(late|too long|longer than|still (waiting|nothing)|waiting for|delayed|took (it )?(\w+ )?(days|weeks|three|four)|hours? after|days? late|for nothing|nobody|since may)\b/gi,
  ],
  [
    -0.5,
    /\b(missing|disappeared|stale|lost (all )?(its|their)|wrong|forgets?|forgot|useless|absurd|confusing|slow|logs me out|cannot|can't|unable|stopped|stops|died|rejected|closed my ticket|shrunk|blinding|loop|far too|too (light|much|many|loud))\b/gi,
  ],
  [
    -0.4,
    /\b(three times|four times|twice|again this|same (crash|defect|article)|all over again|start over|went up|costs more|renewed itself|although|instead of (ending|whole)|hours late|in the rain|not applied|over the fence)\b/gi,
  ],
  [
    -0.3,
    /\b(expected more|not worth|no use|unfriendly|rude|darker than before|expensive|(could|can)(n't| not) help|why is there|loud|received \w+ coffee|did you think|differ|only in office hours)\b/gi,
  ],
  [
    0.5,
    /\b(works? (well|fine|as expected)|as (described|promised)|early|within (a|an|two) (day|days|hour|minute)|delivered on|in five minutes|quick(ly)?|fast(er)?|called me back|joy to use|easy to|without (any )?trouble|order again|addicted|keep it up)\b/gi,
  ],
  [
    0.4,
    /\b(fresh|precise|sturdy|smooth|balanced|accurate|handy|tasty|sweet|fruity|recommend|ten out of ten|evenly|well written|keeps the temperature|not a single problem|beats my|more of that)\b/gi,
  ],
];

const marks = /(?:\b(?:kind )?regards,\s*)?\[(?:email|phone|card|name)\]/gi;

/** To VADER "support" is something good that one gives; to customers it is a department. */
const department = /\bsupport\b/gi;

/** This port of VADER takes a negation for one in small letters only; sentences begin with them too ("Not bad"). */
const beginnings = /(?<=^|[.!?]\s)\p{Lu}(?=\p{Ll})/gu;

export function scoreOf(text: string): number {
  const plain = text
    .replace(marks, ' ')
    .replace(department, 'the team')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(beginnings, (letter) => letter.toLowerCase());
  const moved = phrases.reduce((sum, [weight, pattern]) => sum + weight * Math.min(2, plain.match(pattern)?.length ?? 0), 0);
  const score = Math.max(-1, Math.min(1, vader.SentimentIntensityAnalyzer.polarity_scores(plain).compound + moved));
  return Math.round(score * 1_000) / 1_000;
}

export function moodOf(score: number): Mood {
  if (score >= bound) return 'positive';
  return score <= -bound ? 'negative' : 'neutral';
}

/** Do the stars say the same? Three may go with anything. */
export function agrees(mood: Mood, rating: number): boolean {
  if (rating === 3) return true;
  return rating > 3 ? mood !== 'negative' : mood !== 'positive';
}
