/** A customer's profile as a page: what to do first, then each part with its reasons, or that it is missing. */
import { colour, day, Html, html, wholeNumber } from '@baton/page';
import type { Profile } from '../capability/customer.ts';
import { origin, sheet, tileRow } from '../sheet.ts';

export interface ProfilePage {
  readonly profile: Profile;
  readonly workflowId: string;
  readonly generatedAt: number;
  readonly fontFace: Html;
}

const style = new Html(`
  .gauge { position: relative; height: 12px; border-radius: 6px; background: linear-gradient(90deg, #e9b7a6 0 51%, #f2dda8 51% 67.3%, #cbe5c8 67.3% 80%, #8cc7a9 80%); margin: 30px 0 6px; }
  .gauge i { position: absolute; top: -5px; width: 4px; height: 22px; margin-left: -2px; border-radius: 2px; background: ${colour.ink}; }
  .gauge b { position: absolute; top: -28px; transform: translateX(-50%); font-size: 13px; }
  .scale { position: relative; height: 18px; color: ${colour.text}; font-size: 12px; }
  .scale span { position: absolute; transform: translateX(-50%); }
  .scale span:first-child { transform: none; }
  .scale span:last-child { transform: translateX(-100%); }
  .advice { margin: 10px 0 0; padding: 0; list-style: none; }
  .advice li { padding: 8px 0 8px 24px; position: relative; border-bottom: 1px solid ${colour.line}; }
  .advice li:last-child { border-bottom: 0; }
  .advice li::before { content: ''; position: absolute; left: 2px; top: 15px; width: 8px; height: 8px; border-radius: 4px; background: ${colour.accent}; }
  address { margin: 10px 0 0; padding: 14px 18px; border-radius: 10px; background: #f7f8fb; font-style: normal; line-height: 1.6; }
  table.list td.right { width: auto; }
`);

export function profilePage({ profile, workflowId, generatedAt, fontFace }: ProfilePage): Html {
  const found = 3 - profile.missing.length;
  return sheet({
    title: `Customer ${profile.customer_id}`,
    eyebrow: `Customer profile · ${profile.customer_id}`,
    headline: profile.name,
    lede:
      profile.missing.length === 0 ? 'Credit, address and preferences are known.' : `${found} of 3 parts are known; missing: ${profile.missing.join(' and ')}.`,
    fontFace,
    style,
    parts: [
      tiles(profile),
      html`<div class="part"><h2>What follows from it</h2><ul class="advice">${profile.advice.map((text) => html`<li>${text}</li>`)}</ul></div>`,
      credit(profile),
      address(profile),
      preferences(profile),
    ],
    foot: origin(workflowId, generatedAt),
  });
}

function tiles({ credit: score, address: place, preferences: wishes }: Profile): Html {
  return tileRow([
    { label: 'Credit score', value: score === undefined ? '–' : String(score.score), note: score === undefined ? 'not known' : score.band },
    { label: 'Limit', value: score === undefined ? '–' : `€${wholeNumber(score.limit_eur)}`, note: 'on account' },
    { label: 'Address', value: place === undefined ? '–' : place.valid ? 'Valid' : 'Wrong', note: place?.country_name ?? 'not checked' },
    {
      label: 'Consent',
      value: wishes === undefined ? 'None' : String(wishes.channels.length),
      note: wishes === undefined ? 'on file' : wishes.channels.join(', '),
    },
  ]);
}

/** Why a part is missing is in the workflow's record, not in this agent's hands. */
const missing = html`<p class="note">Not known: it could not be found, or enough else had been found before it was.</p>`;

function credit({ credit: known }: Profile): Html {
  if (known === undefined) return html`<div class="part"><h2>Credit</h2>${missing}</div>`;
  const place = (score: number): string => (((score - 300) / 550) * 100).toFixed(1);
  const rows = known.reasons.map((reason) => {
    const [points = '', why = ''] = reason.split(': ');
    return html`<tr><td style="width:auto;font-weight:400">${why}</td><td><span class="change ${points.startsWith('+') ? 'up' : 'down'}">${points}</span></td></tr>`;
  });
  return html`<div class="part"><h2>Credit</h2>
<div class="gauge"><i style="left:${place(known.score)}%"></i><b style="left:${place(known.score)}%">${known.score}</b></div>
<div class="scale">${[300, 580, 670, 740, 850].map((score) => html`<span style="left:${place(score)}%">${score}</span>`)}</div>
<table class="list" role="presentation" style="margin-top:12px">${rows}</table></div>`;
}

function address({ address: known }: Profile): Html {
  if (known === undefined) return html`<div class="part"><h2>Address</h2>${missing}</div>`;
  const problems = known.problems.map(({ message }) => html`<li>${message}</li>`);
  const phone =
    known.phone === null
      ? null
      : html`<p class="note" style="margin-top:10px">Phone ${known.phone.e164}${known.phone.kind === null ? '' : ` (${known.phone.kind})`}</p>`;
  return html`<div class="part"><h2>Address <span class="chip ${known.valid ? 'good' : 'bad'}">${known.valid ? 'valid' : 'wrong'}</span></h2>
<address>${known.lines.map((line) => html`${line}<br>`)}</address>${phone}${problems.length === 0 ? null : html`<ul class="advice">${problems}</ul>`}</div>`;
}

function preferences({ preferences: known }: Profile): Html {
  if (known === undefined) return html`<div class="part"><h2>Preferences</h2>${missing}</div>`;
  const chips = (words: readonly string[]): readonly Html[] => words.map((word) => html`<span class="chip info">${word}</span> `);
  return html`<div class="part"><h2>Preferences</h2><p class="note">Agreed on ${day(known.consented_at, { year: true })}.</p>
<table class="list" role="presentation"><tr><td>Channels</td><td>${chips(known.channels)}</td></tr><tr><td>Topics</td><td>${chips(known.topics)}</td></tr><tr><td>Language</td><td>${known.language}</td></tr></table></div>`;
}
