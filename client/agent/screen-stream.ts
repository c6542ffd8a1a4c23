// Follows the agent's screen. One tab of the browser holds the stream and tells the others: over HTTP/1.1 a browser opens
// six connections to a server at most, and a seventh tab, or the sixth one's click on accept, would wait for ever.

import type { ScreenView } from '../../wire/src/agent-screen.ts'
import { BASE } from './desktop-api.ts'

/** 'out': nobody is signed in here who may see the screen. */
export type Link = 'on' | 'off' | 'out'
/** `atMs`: when this state arrived, by this page's performance.now(). */
export type Heard = (screen: ScreenView, atMs: number) => void
export type Linked = (link: Link) => void

/** Between tabs. Clocks of pages begin at different moments: `at` counts from a common one, ms. */
type Told = { readonly screen?: ScreenView; readonly at?: number; readonly link?: Link; readonly ask?: true }

const RETRY_MS = 3000

/** Follows it for as long as the page lives. `agent`: whose; tabs of another person who signed in meanwhile stand apart. */
export function followScreen(agent: string, heard: Heard, linked: Linked): void {
  // Not there on plain HTTP but from this machine: then every tab has a stream of its own.
  if (!navigator.locks) {
    openStream(agent, heard, linked)
    return
  }
  const name = `standdown-screen-${agent}`
  const tabs = new BroadcastChannel(name)
  let last: Told | null = null

  tabs.onmessage = ({ data }: MessageEvent<Told>) => {
    if (data.ask) {
      if (last) tabs.postMessage(last)
      return
    }
    if (data.link) linked(data.link)
    if (data.screen && data.at !== undefined) heard(data.screen, data.at - performance.timeOrigin)
  }
  // Granted to one tab at a time, and to the next one when that tab is closed.
  void navigator.locks.request(name, () => {
    const tell = (told: Told) => {
      last = { ...last, ...told }
      tabs.postMessage(told)
    }
    openStream(
      agent,
      (screen, atMs) => {
        tell({ screen, at: performance.timeOrigin + atMs })
        heard(screen, atMs)
      },
      link => {
        tell({ link })
        linked(link)
      },
    )
    return new Promise(() => {})
  })
  tabs.postMessage({ ask: true } satisfies Told)
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
    // A refusal (signed out, a server that is stopping) closes it for good: begin anew, once it can be.
    if (source.readyState === EventSource.CLOSED) again()
  }
}

/** Whether the screen can be seen now; an EventSource does not say why it was refused. */
async function linkNow(ofAgent: URLSearchParams): Promise<Link> {
  try {
    const { ok, status } = await fetch(`${BASE}/screen?${ofAgent}`)
    if (ok) return 'on'
    return status === 401 || status === 403 ? 'out' : 'off'
  } catch {
    return 'off'
  }
}
