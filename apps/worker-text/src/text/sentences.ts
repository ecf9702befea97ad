/** Sentences as Unicode has them (UAX #29), which Node brings. */
const splitter = new Intl.Segmenter('en', { granularity: 'sentence' });

export function sentencesOf(text: string): readonly string[] {
  return [...splitter.segment(text)].map(({ segment }) => segment.trim()).filter((sentence) => sentence !== '');
}
