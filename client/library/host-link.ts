// The connection to the agent desktop that frames this page. Both sides check the origin of the other: the greeting goes to the host's exact
// origin only, and an answer is accepted only from there and with our nonce. After that a port is used, to which no other page can write.

import type { Hello, HostAnswer, HostCall, HostEvent, Welcome } from '../../wire/src/cif-messages.ts'
import { CLIENT_ERROR } from './result.ts'

type HostEventListener = (event: string, detail: unknown) => void

const GREET_AGAIN_MS = 250
/** After this long without an answer, calls fail instead of waiting. */
const HOST_TIMEOUT_MS = 15_000

/** The origin of the desktop: as the page states it, or else as the browser knows it. Null: it cannot be found. */
export function findHostOrigin(script: HTMLScriptElement | null): string | null {
  const query = new URLSearchParams(location.search)
  const hints = [
    script?.dataset.crmurl,
    query.get('base'),
    query.get('ucilib'),
    document.referrer,
    script?.src,
  ]
  for (const hint of hints) {
    const url = hint && URL.canParse(hint) ? new URL(hint) : null
    if (url && (url.protocol === 'https:' || url.protocol === 'http:')) return url.origin
  }
  return null
}

/** Does not use randomUUID, which browsers have on secure origins only. */
function drawNonce(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}

/** An error in the desktop or on the way to it, with the documentation's code. */
export class HostError extends Error {
  readonly code: string
  constructor(code: string, detail: string) {
    super(detail)
    this.code = code
  }
}

export class HostLink {
  private readonly hostOrigin: string | null
  private readonly onEvent: HostEventListener
  private readonly nonce = drawNonce()
  private readonly waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  private hasAnswered: () => void = () => {}
  private readonly answered = new Promise<void>(resolve => {
    this.hasAnswered = resolve
  })
  private port: Promise<MessagePort> | null = null
  private lastId = 0

  constructor(hostOrigin: string | null, onEvent: HostEventListener) {
    this.hostOrigin = hostOrigin
    this.onEvent = onEvent
  }

  /** Greets the desktop early, so that the first call need not wait for the answer. Resolves when one has answered, also later. */
  open(): Promise<void> {
    this.connect().catch(() => {})
    return this.answered
  }

  async call(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    const port = await this.connect()
    const id = ++this.lastId
    const answer = new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }))
    const call: HostCall = { id, method, params }
    port.postMessage(call)
    return answer
  }

  private connect(): Promise<MessagePort> {
    if (!this.port) {
      this.port = this.greet()
      // The desktop did not answer now, but it may answer at the next call.
      this.port.catch(() => {
        this.port = null
      })
    }
    return this.port
  }

  private greet(): Promise<MessagePort> {
    const { hostOrigin, nonce } = this
    if (window.parent === window || hostOrigin === null)
      return Promise.reject(new HostError(CLIENT_ERROR, 'this page is not framed by an agent desktop'))
    return new Promise((resolve, reject) => {
      const hello: Hello = { standdown: 'hello', version: 1, nonce }
      const greet = () => window.parent.postMessage(hello, hostOrigin)
      const done = () => {
        clearInterval(again)
        clearTimeout(tooLate)
        removeEventListener('message', hear)
      }
      const hear = (message: MessageEvent) => {
        if (message.source !== window.parent || message.origin !== hostOrigin) return
        const welcome: Partial<Welcome> | null = message.data
        const [port] = message.ports
        if (welcome?.standdown !== 'welcome' || welcome.nonce !== nonce || !port) return
        done()
        port.onmessage = ({ data }) => this.hear(data)
        this.hasAnswered()
        resolve(port)
      }
      const again = setInterval(greet, GREET_AGAIN_MS)
      const tooLate = setTimeout(() => {
        done()
        reject(new HostError(CLIENT_ERROR, `no agent desktop answered at ${hostOrigin}`))
      }, HOST_TIMEOUT_MS)
      addEventListener('message', hear)
      greet()
    })
  }

  private hear(message: HostAnswer | HostEvent): void {
    if ('event' in message) {
      this.onEvent(message.event, message.detail)
      return
    }
    const call = this.waiting.get(message.id)
    this.waiting.delete(message.id)
    if ('error' in message) call?.reject(new HostError(message.error.code, message.error.detail))
    else call?.resolve(message.value)
  }
}
