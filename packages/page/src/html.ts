/** HTML as a tagged template: what is put in is text and is escaped, unless it is `Html` itself. There is no other way in. */

export class Html {
  readonly text: string;

  /** For markup that this program wrote itself, like a stylesheet; never for data. */
  constructor(text: string) {
    this.text = text;
  }
}

export type Content = string | number | null | Html | readonly Content[];

/** @example html`<td title="${name}">${name}</td>`; attributes must be quoted */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(strings.map((part, index) => part + (index < contents.length ? markup(contents[index] ?? null) : '')).join(''));
}

function markup(content: Content): string {
  if (content === null) return '';
  if (content instanceof Html) return content.text;
  return typeof content === 'object' ? content.map(markup).join('') : escaped(String(content));
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
