/** Texts as the terms that say what they are about: stems of its nouns and verbs, without those that every text has. */
import nlp from 'compromise';
import { stemmer } from 'stemmer';
import { eng } from 'stopword';

export interface Term {
  /** What two forms of a word share. */
  readonly key: string;
  /** As it stands in the text, in lower case. */
  readonly surface: string;
  readonly isNoun: boolean;
}

/** Beside the usual ones: what is said in all kinds of messages and about nothing. */
const common = `please thank thanks hi hello regards nice good great would could also got get day days week weeks month months two three four really every
still nothing nobody although just like much one too bit little thing things well love works work take took want need years year time times last new
since long first again minutes hours even make made not does did either itself way keeps keep use used says told ask asks going gone better best
second third five page`.split(/\s+/);
const stopwords = new Set([...eng, ...common]);

interface Tagged {
  readonly terms: readonly { readonly normal: string; readonly tags: readonly string[] }[];
}

/** Nouns and verbs: what it is about, and what happened to it. */
export function termsOf(text: string): readonly Term[] {
  const sentences = nlp(text.replace(/\[\w+\]/g, ' . ')).json() as readonly Tagged[];
  return sentences.flatMap(({ terms }) =>
    terms.flatMap(({ normal, tags }) => {
      const surface = normal.toLowerCase().replace(/['’]s$/, '');
      const isTelling = (tags.includes('Noun') || tags.includes('Verb')) && !tags.includes('Pronoun') && !stopwords.has(surface);
      return isTelling && /^\p{L}[\p{L}'’-]{2,}$/u.test(surface) ? [{ key: stemmer(surface), surface, isNoun: tags.includes('Noun') }] : [];
    }),
  );
}
