import { expect, test } from 'vitest';
import { Html, html } from './html.ts';

test('what is put in is text, and only Html is markup', () => {
  const name = `<b onclick="x('y')">&`;
  expect(html`<p title="${name}">${name}${html`<i>${[1, null, 'a']}</i>`}${new Html('<hr>')}</p>`.text).toBe(
    '<p title="&lt;b onclick=&quot;x(&#39;y&#39;)&quot;&gt;&amp;">&lt;b onclick=&quot;x(&#39;y&#39;)&quot;&gt;&amp;<i>1a</i><hr></p>',
  );
});
