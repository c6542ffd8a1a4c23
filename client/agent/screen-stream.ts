// Follows the agent's screen. One tab of the browser has the stream and passes it on to the other tabs. Over HTTP/1.1 a browser opens at
// most six connections to a server: with a stream in each tab, a seventh tab, or a click in the sixth, would wait for ever.

import type { ScreenView } from '../../wire/src/agent-screen.ts'
import { BASE } from './desktop-api.ts'

/** 'out': nobody who may see the screen is signed in here. */
export type Link = 'on' | 'off' | 'out'
/** `atMs`: when this state arrived, by this page's performance.now(). */
export type Heard = (screen: ScreenView, atMs: number) => void
export type Linked = (link: Link) => void

/** A message between tabs. The clock of each page begins at its own moment, so `at` counts from a common one, ms. */
type TabMessage = {
  readonly screen?: ScreenView
  readonly at?: number
  readonly link?: Link
  readonly ask?: true
}

const RETRY_MS = 3000

/**
 * Follows the screen while the page is open. Tabs share a stream only if they are of the same `agent`: another person may have signed in
 * meanwhile.
 */
export function followScreen(agent: string, heard: Heard, linked: Linked): void {
  // On plain HTTP from another machine browsers have no locks. Then every tab has a stream of its own.
  if (!navigator.locks) {
    openStream(agent, heard, linked)
    return
  }
  const name = `standdown-screen-${agent}`
  const tabs = new BroadcastChannel(name)
  let last: TabMessage | null = null

  tabs.onmessage = ({ data }: MessageEvent<TabMessage>) => {
    if (data.ask) {
      if (last) tabs.postMessage(last)
      return
    }
    if (data.link) linked(data.link)
    if (data.screen && data.at !== undefined) heard(data.screen, data.at - performance.timeOrigin)
  }
  // The lock is granted to one tab, and to the next one when that tab is closed.
  void navigator.locks.request(name, () => {
    const broadcast = (message: TabMessage) => {
      last = { ...last, ...message }
      tabs.postMessage(message)
    }
    openStream(
      agent,
      (screen, atMs) => {
        broadcast({ screen, at: performance.timeOrigin + atMs })
        heard(screen, atMs)
      },
      link => {
        broadcast({ link })
        linked(link)
      },
    )
    return new Promise(() => {})
  })
  tabs.postMessage({ ask: true } satisfies TabMessage)
}

function openStream(agent: string, heard: Heard, linked: Linked): void {
  const ofAgent = new URLSearchParams({ agent })
  const source = new EventSource(`${BASE}/screen/events?${ofAgent}`)
  const again = () => setTimeout(() => void openIfSeen(), RETRY_MS)
  const openIfSeen = async () => {
    const link = await linkNow(ofAgent)
    if (link === 'on') return openStream(agent, heard, linked)
    linked(link)
    again()
  }
  source.onopen = () => linked('on')
  source.addEventListener('screen', event => heard(JSON.parse(event.data), performance.now()))
  source.addEventListener('refused', () => {
    source.close()
    linked('out')
    again()
  })
  source.onerror = () => {
    linked('off')
    // A refusal (signed out, or the server is stopping) closes the stream for good. A new one is opened when the screen can be seen again.
    if (source.readyState === EventSource.CLOSED) again()
  }
}

/** Asks whether the screen can be seen now, because an EventSource does not say why it was refused. */
async function linkNow(ofAgent: URLSearchParams): Promise<Link> {
  try {
    const { ok, status } = await fetch(`${BASE}/screen?${ofAgent}`)
    if (ok) return 'on'
    return status === 401 || status === 403 ? 'out' : 'off'
  } catch {
    return 'off'
  }
}
