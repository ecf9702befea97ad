/** From moods and topics to what somebody should do about it: rules, so that everybody can see why. */
import type { ActionItem, ScoredMessage, Topic } from '../capability/feedback.ts';

export interface TopicMoods extends Topic {
  readonly negative: number;
  readonly neutral: number;
  readonly positive: number;
  readonly average: number;
  readonly messages: readonly ScoredMessage[];
}

interface Cause {
  readonly pattern: RegExp;
  readonly team: string;
  readonly action: string;
}

const causes: readonly Cause[] = [
  {
    pattern: /\b(refund\w*|charged?|invoice|billing|money|paypal|discount|payment|statement)\b/i,
    team: 'Billing',
    action: 'Go through the double charges and open refunds, and answer each customer with a date',
  },
  {
    pattern: /\b(crash\w*|app|login|log in|password|freez\w*|froze|timer|update)\b/i,
    team: 'App',
    action: 'Fix the crashes and the login of the app before anything new is built',
  },
  {
    pattern: /\b(parcel|deliver\w*|courier|tracking|shipping|arrived?)\b/i,
    team: 'Logistics',
    action: 'Take late and lost parcels up with the courier, and tell customers before they have to ask',
  },
  {
    pattern: /\b(broken|broke|leaks?|defects?|stopped|snapped|damaged|warranty|scratched|burnt|pieces|flimsy|grinder|kettle)\b/i,
    team: 'Product',
    action: 'Take returned and broken items apart, name the defect, and make replacing them simple',
  },
  {
    pattern: /\b(support|answers?|reply|ticket|hold|chat|bot|phone)\b/i,
    team: 'Support',
    action: 'Answer the open tickets, and measure how long the first answer takes',
  },
  {
    pattern: /\b(stale|roast\w*|taste\w*|aroma|beans?|coffee|flavou?r)\b/i,
    team: 'Quality',
    action: 'Check roast dates and the seal of the bags in stock, and taste what customers complained about',
  },
  {
    pattern: /\b(price|prices|expensive|costs?|subscription|cancel\w*)\b/i,
    team: 'Pricing',
    action: 'Tell customers about changes of price before they take effect, and make cancelling as easy as starting',
  },
  {
    pattern: /\b(website|basket|search|newsletter|checkout)\b/i,
    team: 'Website',
    action: 'Repeat what customers report of the website, and fix what can be repeated',
  },
];

const negativeMin = 3;
const shareMin = 0.4;
const quotesMax = 2;
/** How letters begin and end says nothing. */
const politeness = /^hi, this is \[name\]\.\s*|\s*\b(?:kind )?regards,[^.]*$/gi;
const itemsMax = 6;

/** The messages of each topic, with how they sound; in the order of the topics. */
export function moodsOf(topics: readonly Topic[], topicOf: ReadonlyMap<string, number | null>, messages: readonly ScoredMessage[]): readonly TopicMoods[] {
  const groups = Map.groupBy(messages, ({ id }) => topicOf.get(id) ?? null);
  return topics.map((topic, place) => {
    const own = groups.get(place) ?? [];
    const count = (mood: string): number => own.filter((message) => message.mood === mood).length;
    const average = own.reduce((sum, { score }) => sum + score, 0) / Math.max(1, own.length);
    return { ...topic, negative: count('negative'), neutral: count('neutral'), positive: count('positive'), average, messages: own };
  });
}

/** One for each cause, the one that hurts most first. */
export function actionItems(topics: readonly TopicMoods[]): readonly ActionItem[] {
  const sore = topics.filter(({ negative, messages }) => negative >= negativeMin && negative / messages.length >= shareMin);
  const byCause = Map.groupBy(sore, causeOf);
  const items = [...byCause].map(([cause, group]) => ({
    ...itemOf(cause, group),
    pain: group.reduce((sum, { negative, messages }) => sum + (negative * negative) / messages.length, 0),
  }));
  const most = Math.max(...items.map(({ pain }) => pain));
  return items
    .toSorted((a, b) => b.pain - a.pain)
    .slice(0, itemsMax)
    .map(({ pain, ...item }) => ({ ...item, priority: pain >= most * 0.7 ? 'high' : pain >= most * 0.3 ? 'medium' : 'low' }));
}

/** What most of the topic's complaints name; null: nothing of that kind. */
function causeOf({ messages }: TopicMoods): Cause | null {
  const complaints = messages.filter(({ mood }) => mood === 'negative');
  const counts = causes.map((cause) => complaints.filter(({ text }) => cause.pattern.test(text)).length);
  const most = Math.max(...counts);
  return most === 0 ? null : (causes[counts.indexOf(most)] as Cause);
}

function itemOf(cause: Cause | null, topics: readonly TopicMoods[]): Omit<ActionItem, 'priority'> {
  const messages = topics.flatMap((topic) => topic.messages);
  const complaints = messages.filter(({ mood }) => mood === 'negative').toSorted((a, b) => a.score - b.score || (a.id < b.id ? -1 : 1));
  const telling = cause === null ? complaints : complaints.filter(({ text }) => cause.pattern.test(text));
  const label = topics.map((topic) => topic.label).join('; ');
  return {
    team: cause?.team ?? 'Customer care',
    action: cause?.action ?? `Find out what is behind “${label}”`,
    because: `${complaints.length} of ${messages.length} messages about ${label} are negative`,
    topic: label,
    quotes: telling.slice(0, quotesMax).map(({ id, text }) => ({ id, text: text.replace(politeness, '') })),
  };
}
