// This folder makes the pages of the native API. This file makes the one of a receipt, for a reader who was
// just woken up: the result first, then who and when, then each action. A page must not read the database,
// and must not show more than the JSON at the same address: it is made from that view.

import type { ReceiptItemView, ReceiptView } from '@standdown/wire/src/receipt.ts'
import { API_WORDS, OUTCOME_ORDER, OUTCOME_WORDS, verdict } from '@standdown/wire/src/receipt-words.ts'
import { type Html, html } from '../../../http/html.ts'
import { evidenceLine } from './evidence.ts'
import { layout } from './layout.ts'
import { briefMoment, moment } from './moment.ts'

const REFRESH_SECONDS = 2

export function receiptPage(receipt: ReceiptView): Html {
  const title = titleOf(receipt)
  return layout({
    title,
    aside: 'Cancellation receipt',
    ...(receipt.state === 'final' ? {} : { refreshSeconds: REFRESH_SECONDS }),
    body: html`
<p>${stateBadge(receipt)}</p>
<h1>${title}</h1>
<p class="lead">${verdict(receipt)}</p>
<p class="soft">Called off by <strong>${receipt.by.name}</strong> through ${API_WORDS[receipt.by.api] ?? receipt.by.api},
${moment(receipt.cancelledAt)}.</p>
${receipt.reason !== null && receipt.reason !== '' && html`<blockquote>${receipt.reason}</blockquote>`}
${counts(receipt)}
${receipt.early && early(receipt.early)}
<h2>Actions</h2>
${items(receipt)}
${receipt.innerSteps.length > 0 && innerSteps(receipt)}
${receipt.notices.length > 0 && notices(receipt)}
${receipt.notes.length > 0 && notes(receipt)}
<h2>Details</h2>
${details(receipt)}`,
  })
}

function titleOf(receipt: ReceiptView): string {
  const [first, ...more] = receipt.events
  if (!first) return receipt.target.key ?? receipt.target.entity
  return more.length === 0 ? first.title : `${first.title} and ${more.length} more`
}

function stateBadge(receipt: ReceiptView): Html {
  switch (receipt.state) {
    case 'final':
      return html`<span class="badge final">Final</span>
        <span class="soft small">This receipt will not change any more.</span>`
    case 'open':
      return html`<span class="badge open">Open</span>
        <span class="soft small">Something is still stopping. Final at the latest ${moment(receipt.finalBy)};
        this page keeps itself up to date.</span>`
    case 'counting':
      return html`<span class="badge counting">Counting</span>
        <span class="soft small">Everything is called off already; ${receipt.progress?.marked ?? 0} actions are written
        down so far. This page keeps itself up to date.</span>`
    default:
      return receipt.state satisfies never
  }
}

function counts(receipt: ReceiptView): Html | false {
  const shown = OUTCOME_ORDER.filter(outcome => receipt.counts[outcome] > 0)
  return (
    shown.length > 0 &&
    html`<ul class="counts">${shown.map(
      outcome =>
        html`<li class="${outcome}"><b>${receipt.counts[outcome]}</b>${OUTCOME_WORDS[outcome].short}</li>`,
    )}</ul>`
  )
}

function early(waiting: NonNullable<ReceiptView['early']>): Html {
  if (waiting.metEventIds.length === 0) {
    return html`<p class="note">This cancel came before its event. It waits for it until ${moment(waiting.until)}.</p>`
  }
  return html`<p class="note">This cancel came before its event, and has met ${waiting.metEventIds.length} since.</p>`
}

function items(receipt: ReceiptView): Html {
  if (receipt.items.length === 0)
    return html`<p class="empty">${receipt.early ? 'None.' : 'No action hung from this.'}</p>`
  return html`<ul class="rows">${receipt.items.map(item)}</ul>
${
  receipt.itemsAfter !== null &&
  html`<p><a href="${receipt.link}?after=${encodeURIComponent(receipt.itemsAfter)}">The next actions</a></p>`
}`
}

function item(entry: ReceiptItemView): Html {
  const words = OUTCOME_WORDS[entry.outcome]
  const neverRan = entry.outcome === 'prevented' || entry.outcome === 'kept' || entry.at === null
  return html`<li>
<span class="badge ${entry.outcome}" title="${words.means}">${words.short}</span>
<span class="what">${entry.title}</span>
<span class="when">${neverRan ? html`due ${briefMoment(entry.dueAt)}` : briefMoment(entry.at!)}</span>
${entry.outcome === 'already_ended' && entry.ending !== 'done' && entry.ending !== null && html`<span class="more">It had ended: ${entry.ending}.</span>`}
${entry.evidence && html`<span class="more">${evidenceLine(entry.evidence)}</span>`}
${entry.next.length > 0 && html`<span class="more">Not reached any more: ${entry.next.join(' → ')}</span>`}
${entry.earlierReceipt !== null && html`<span class="more"><a href="${entry.earlierReceipt}">The receipt of that cancel</a></span>`}
</li>`
}

function innerSteps(receipt: ReceiptView): Html {
  return html`<h2>Waits</h2>
<p class="soft">Nobody outside notices these; they are not counted.</p>
<ul class="rows">${receipt.innerSteps.map(item)}</ul>`
}

const NOTICE_WORDS: { readonly [state: string]: string } = {
  pending: 'On its way',
  running: 'Being sent',
  done: 'Sent',
  skipped: 'Not needed',
  dead: 'Failed',
}

function notices(receipt: ReceiptView): Html {
  return html`<h2>Who was told</h2>
<ul class="rows">${receipt.notices.map(
    notice => html`<li>
<span class="badge ${notice.state}">${NOTICE_WORDS[notice.state] ?? notice.state}</span>
<span class="what">${notice.title}</span>
<span class="when">${notice.at !== null && briefMoment(notice.at)}</span>
${notice.evidence && html`<span class="more">${evidenceLine(notice.evidence)}</span>`}
</li>`,
  )}</ul>`
}

function notes(receipt: ReceiptView): Html {
  const titles = new Map(receipt.items.map(entry => [entry.effectId, entry.title]))
  return html`<h2>Learnt later</h2>
<ul class="rows">${receipt.notes.map(
    note => html`<li>
<span class="soft small">Note</span>
<span class="what">${note.text}${titles.has(note.effectId) && html` <span class="soft">(${titles.get(note.effectId)})</span>`}</span>
<span class="when">${briefMoment(note.at)}</span>
</li>`,
  )}</ul>`
}

function details(receipt: ReceiptView): Html {
  const { target } = receipt
  return html`<dl>
${target.entity !== '' && html`<dt>About</dt><dd>${target.entity}</dd>`}
${target.key !== null && html`<dt>Cancelled by key</dt><dd>${target.key}</dd>`}
${target.eventId !== null && html`<dt>Cancelled by id</dt><dd>${target.eventId}</dd>`}
${receipt.events.length > 0 && html`<dt>Called off</dt><dd>${receipt.events.map(event => html`${event.title} <span class="soft small">${event.kind}</span><br>`)}</dd>`}
${receipt.correlationId !== null && html`<dt>Correlation</dt><dd>${receipt.correlationId}</dd>`}
<dt>Receipt</dt><dd><code>${receipt.id}</code></dd>
<dt>For scripts</dt><dd>the same address answers JSON: <code>./standdown receipt ${receipt.id} --json</code></dd>
</dl>`
}
