// The card of one offer. Everything in it came from a provider's page, so all of it is text: `html` escapes it.

import { type Html, html } from '../../http/html.ts'
import type { Offer } from '../../notifications/offer.ts'

export function offerCard(offer: Offer): Html {
  const { card } = offer
  return html`<article class="card" data-theme="${card.theme}" data-offer="${offer.id}" tabindex="-1"
  aria-labelledby="offer-title">
<header>
<p class="channel-name">${card.channelLabel}</p>
<h2 id="offer-title">${card.title}</h2>
</header>
${card.fields.length > 0 && fields(card.fields)}
<p class="time"${card.showTimeout ? '' : html` hidden`}><span class="bar"><span class="rest"></span></span>
<span class="seconds" aria-hidden="true"></span></p>
<footer>
${card.rejectText !== null && html`<button type="button" class="reject" data-answer="reject">${card.rejectText}</button>`}
<button type="button" class="accept" data-answer="accept">${card.acceptText}</button>
</footer>
</article>`
}

function fields(all: Offer['card']['fields']): Html {
  return html`<dl>${all.map(field => html`<div><dt>${field.header}</dt><dd>${field.value}</dd></div>`)}</dl>`
}
