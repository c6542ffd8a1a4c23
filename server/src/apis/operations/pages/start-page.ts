// This folder makes the pages for whoever runs the server: the start page (this file) and kept mail. The
// start page shows what runs, three steps to copy, the last receipts and the mail that was kept. A page must
// not read the database or change anything: it shows what its route hands in.

import type { ReceiptView } from '@standdown/wire/src/receipt.ts'
import { OUTCOME_ORDER, OUTCOME_WORDS } from '@standdown/wire/src/receipt-words.ts'
import { type Html, html } from '../../../http/html.ts'
import type { KeptMailEntry, ServerFacts } from '../../native/needs.ts'
import { layout } from '../../native/pages/layout.ts'
import { briefMoment, moment } from '../../native/pages/moment.ts'
import type { ReceivedWebhook } from '../demo-receiver.ts'

export type StartPage = {
  readonly facts: ServerFacts
  /** Null: nobody is signed in. Then the page says how to sign in, and shows nothing of any tenant. */
  readonly signedIn: {
    readonly name: string
    readonly tenant: string
    readonly operator: boolean
    readonly now: string
    readonly sandbox: boolean
    readonly receipts: readonly ReceiptView[]
    readonly mail: readonly KeptMailEntry[]
    readonly dead: number
    /** The calls that the demo's own receiver got. */
    readonly webhooks: readonly ReceivedWebhook[]
  } | null
}

export function startPage({ facts, signedIn }: StartPage): Html {
  return layout({
    title: 'Start',
    aside: signedIn
      ? html`Signed in as ${signedIn.name}, ${signedIn.tenant} · <a href="/signin">change</a>`
      : `Version ${facts.version}`,
    body: html`
<h1>It runs.</h1>
<p class="lead">Announce what may have to be called off. Cancel once, and read here what that prevented, what it stopped,
and what was already too late.</p>
${signedIn === null ? signIn(facts) : html`${steps()}${receipts(signedIn)}${mail(signedIn, facts)}${webhooks(signedIn)}`}
<h2>This server</h2>
<dl>
<dt>Version</dt><dd>${facts.version}</dd>
<dt>Address</dt><dd>${facts.publicUrl}${facts.tlsUrl !== null && html` and ${facts.tlsUrl}`}</dd>
<dt>Database</dt><dd>${facts.database}</dd>
<dt>Mail</dt><dd>${facts.mail}</dd>
${signedIn && html`<dt>Time</dt><dd>${moment(signedIn.now)}${signedIn.sandbox && html` <span class="soft">(a sandbox: <code>./standdown clock +3d</code> moves it)</span>`}</dd>`}
<dt>APIs</dt><dd>Graph calendar <code>/v1.0</code>, Wix automations <code>/automations/v1/events</code>,
agent desktop <a href="/agent">/agent</a>, native <code>/api/v1</code>
(<a href="/api/v1/openapi.json">OpenAPI</a>)</dd>
</dl>`,
  })
}

function signIn(facts: ServerFacts): Html {
  return html`<p class="note">Nobody is signed in here. The terminal in which the server was started shows a link that signs
you in once. ${facts.demo && html`Or <a href="/signin?return_to=%2F">choose one of the demo's people</a>.`}</p>
${steps()}`
}

function steps(): Html {
  return html`<h2>Three steps</h2>
<ol class="steps">
<li>Report something that hangs in the future. In the directory of Standdown:
<pre>eval "$(./standdown env)"
auth="Authorization: Bearer $STANDDOWN_TOKEN"
json="Content-Type: application/json"
curl -sS $STANDDOWN_URL/api/v1/events -H "$auth" -H "$json" -d '{
  "key": "order-1017", "title": "Order 1017", "effects": [
    { "kind": "mail", "to": ["bob@contoso.example"], "subject": "Your order",
      "text": "It is on its way.", "afterMs": 86400000 }]}'</pre></li>
<li>Call it off:
<pre>curl -sS $STANDDOWN_URL/api/v1/cancellations -H "$auth" -H "$json" \\
  -d '{"key": "order-1017", "reason": "Out of stock"}'</pre></li>
<li>Read the receipt: the answer names its address. Open it in this browser, or:
<pre>./standdown receipt --key order-1017</pre></li>
</ol>`
}

function receipts({ receipts: list, dead, operator }: NonNullable<StartPage['signedIn']>): Html {
  const none = operator
    ? 'No cancel yet.'
    : 'The receipts of a whole tenant are shown to its operators. Your own open at the address that their cancel named.'
  return html`<h2>The last receipts</h2>
${
  list.length === 0 ? html`<p class="empty">${none}</p>` : html`<ul class="rows">${list.map(receiptRow)}</ul>`
}
${dead > 0 && html`<p><span class="badge dead">${dead} dead</span> <span class="soft">Actions that failed for good. <code>./standdown status</code> lists them.</span></p>`}`
}

function receiptRow(receipt: ReceiptView): Html {
  const outcomes = OUTCOME_ORDER.filter(outcome => receipt.counts[outcome] > 0)
    .map(outcome => `${receipt.counts[outcome]} ${OUTCOME_WORDS[outcome].short.toLowerCase()}`)
    .join(', ')
  return html`<li>
<span class="badge ${receipt.state}">${receipt.state}</span>
<span class="what"><a href="${receipt.link}">${receipt.events[0]?.title ?? receipt.target.key ?? receipt.target.entity}</a></span>
<span class="when">${briefMoment(receipt.cancelledAt)}</span>
<span class="more">${outcomes === '' ? 'nothing hung from it' : outcomes}; by ${receipt.by.name}</span>
</li>`
}

function mail(
  { mail: list, operator }: NonNullable<StartPage['signedIn']>,
  facts: ServerFacts,
): Html | false {
  if (!operator) return false
  return html`<h2>Mail</h2>
<p class="soft small">Mail is ${facts.mail}.</p>
${
  list.length === 0
    ? html`<p class="empty">None was kept.</p>`
    : html`<ul class="rows wide">${list.map(mailRow)}</ul>`
}`
}

function mailRow(kept: KeptMailEntry): Html {
  const subject = kept.subject === '' ? '(no subject)' : kept.subject
  return html`<li>
<span class="what"><a href="/mail/${encodeURIComponent(kept.id)}">${subject}</a></span>
<span class="when">${briefMoment(kept.at.toISOString())}</span>
<span class="more">to ${kept.to.join(', ')}</span>
</li>`
}

function webhooks({ webhooks: list }: NonNullable<StartPage['signedIn']>): Html | false {
  return (
    list.length > 0 &&
    html`<h2>Webhooks</h2>
<p class="soft small">The demo's webhooks call this server itself. What came last:</p>
<ul class="rows wide">${list.map(
      ({ type, id, at }) => html`<li>
<span class="what">${type === '' ? '(no type)' : type}</span>
<span class="when">${briefMoment(at.toISOString())}</span>
<span class="more">${id}</span>
</li>`,
    )}</ul>`
  )
}
