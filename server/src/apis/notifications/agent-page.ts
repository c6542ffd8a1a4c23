// Makes the page of the agent desktop. It is static: the script in it fills in what changes.

import type { FastifyReply } from 'fastify'
import { type Html, html } from '../../http/html.ts'
import { contentSecurityPolicy } from '../../http/security-headers.ts'
import type { OpenChannel } from '../../notifications/channel.ts'

export type AgentPage = {
  readonly tenant: string
  readonly agentId: string
  readonly agentName: string
  readonly channels: readonly OpenChannel[]
  /** The full address of the script that providers' pages load. */
  readonly libraryUrl: string
}

export function sendAgentPage(reply: FastifyReply, page: AgentPage): FastifyReply {
  // Only the pages of the agent's own channels may be framed here, and nobody may frame this page.
  const frames = page.channels.length > 0 ? [...new Set(page.channels.flatMap(frameSources))] : ["'none'"]
  return reply
    .header('content-security-policy', contentSecurityPolicy({ 'frame-src': frames }))
    .header('x-frame-options', 'DENY')
    .header('permissions-policy', 'camera=(), geolocation=(), microphone=*, autoplay=*, clipboard-write=*')
    .type('text/html; charset=utf-8')
    .send(`<!doctype html>${agentPage(page)}`)
}

function frameSources(channel: OpenChannel): readonly string[] {
  return [channel.origin, new URL(channel.url).origin]
}

function agentPage({ tenant, agentId, agentName, channels, libraryUrl }: AgentPage): Html {
  return html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Agent desktop</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/agent/agent.css">
<script type="module" src="/agent/desktop.ts"></script>
</head>
<body data-agent="${agentId}" data-agent-name="${agentName}" data-tenant="${tenant}">
<header class="top">
<h1>Agent desktop</h1>
<p class="who">${agentName} <span id="link" class="link" role="status">connecting</span>
<a id="sign-in" href="/signin?return_to=%2Fagent" hidden>Sign in</a></p>
</header>
<main>
<section class="offers" aria-labelledby="offers-title">
<h2 id="offers-title" tabindex="-1">Incoming</h2>
<p id="announce" class="unseen" role="alert"></p>
<div id="screen"></div>
<p id="said" class="said" aria-hidden="true" hidden></p>
<p id="idle" class="idle">Nothing incoming. Offers appear here as they arrive.</p>
<p id="waiting" class="waiting" role="status" hidden></p>
<h3>Just ended</h3>
<ol id="ended" class="ended"></ol>
<noscript><p class="idle">This page needs JavaScript: offers arrive while it is open.</p></noscript>
</section>
<section class="channels" aria-label="Channels">
${channels.map(channel => channelFrame(channel, libraryUrl))}
${channels.length === 0 && html`<p class="idle">No channel is set up for you. Channels stand in the workspace file.</p>`}
</section>
</main>
</body>
</html>`
}

function channelFrame(channel: OpenChannel, libraryUrl: string): Html {
  return html`<figure class="channel">
<figcaption>${channel.label}</figcaption>
<iframe title="${channel.label}" src="${frameAddress(channel.url, libraryUrl)}" data-channel="${channel.uniqueName}"
  data-origin="${channel.origin}" allow="${channel.allow}" sandbox="${channel.sandbox}"
  referrerpolicy="strict-origin-when-cross-origin"></iframe>
</figure>`
}

/** A provider's page finds our script by `ucilib` when it does not name it itself. */
function frameAddress(address: string, libraryUrl: string): string {
  const url = new URL(address)
  if (!url.searchParams.has('ucilib')) url.searchParams.set('ucilib', libraryUrl)
  return url.href
}
