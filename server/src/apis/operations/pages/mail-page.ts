// The page of one kept mail: what the reader would have seen, and the message itself. The mail's HTML is shown as source text. It must
// never become part of our page's markup.

import { type Html, html } from '../../../http/html.ts'
import type { KeptMailEntry } from '../../native/needs.ts'
import { layout } from '../../native/pages/layout.ts'
import { moment } from '../../native/pages/moment.ts'

export function mailPage(mail: KeptMailEntry & { readonly raw: string }): Html {
  return layout({
    title: mail.subject === '' ? '(no subject)' : mail.subject,
    aside: 'Mail that was kept',
    body: html`
<h1>${mail.subject === '' ? '(no subject)' : mail.subject}</h1>
<dl>
<dt>From</dt><dd>${mail.from}</dd>
<dt>To</dt><dd>${mail.to.join(', ')}</dd>
<dt>Kept</dt><dd>${moment(mail.at.toISOString())}</dd>
</dl>
<h2>Text</h2>
${mail.text === null ? html`<p class="empty">No plain text part.</p>` : html`<pre class="wrap">${mail.text}</pre>`}
${mail.calendar !== null && html`<h2>Calendar part</h2><pre class="wrap">${mail.calendar}</pre>`}
${mail.html !== null && html`<h2>HTML part</h2><details><summary>Show its source</summary><pre class="wrap">${mail.html}</pre></details>`}
<h2>The message</h2>
<details><summary>Show it as it would have been sent</summary><pre class="wrap">${mail.raw}</pre></details>`,
  })
}
