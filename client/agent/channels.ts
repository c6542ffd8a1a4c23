// The connections to the framed pages. A greeting is accepted only from the window of a frame of ours, and from the origin of its channel.
// The answer goes to that origin only. It carries a port, which everything else is sent through.

import type { Hello, HostAnswer, HostCall, HostEvent, Welcome } from '../../wire/src/cif-messages.ts'
import { ChannelMethods, MethodError } from './channel-methods.ts'

type Connection = { readonly nonce: string; close(): void }

/**
 * Of one frame, the oldest first. A page has one, or one more for each script that it loads anew; the ones of pages that it showed before
 * are told of nothing. More are closed, so that a page that greets without end costs nothing.
 */
const connections = new WeakMap<HTMLIFrameElement, Connection[]>()
const MAX_CONNECTIONS = 8

export function startChannels(): void {
  addEventListener('message', message => {
    const frame = [...document.querySelectorAll<HTMLIFrameElement>('iframe[data-channel]')].find(
      each => each.contentWindow === message.source,
    )
    if (!frame || message.origin !== frame.dataset.origin) return
    const hello: Partial<Hello> | null = message.data
    if (hello?.standdown !== 'hello' || typeof hello.nonce !== 'string') return
    welcome(frame, message.origin, hello.nonce)
  })
}

function welcome(frame: HTMLIFrameElement, origin: string, nonce: string): void {
  const ofFrame = connections.get(frame) ?? []
  connections.set(frame, ofFrame)
  // A page greets until it hears of us. The port that it takes is that of the first answer.
  if (ofFrame.some(known => known.nonce === nonce)) return
  const { port1: ours, port2: theirs } = new MessageChannel()
  const sendEvent = (event: string, detail: unknown) => {
    const message: HostEvent = { event, detail }
    ours.postMessage(message)
  }
  const methods = new ChannelMethods(frame.dataset.channel ?? '', sendEvent)
  ours.onmessage = ({ data }) => void answer(ours, methods, data)
  const reply: Welcome = { standdown: 'welcome', version: 1, nonce }
  frame.contentWindow?.postMessage(reply, origin, [theirs])
  ofFrame.push({
    nonce,
    close() {
      methods.close()
      ours.close()
    },
  })
  if (ofFrame.length > MAX_CONNECTIONS) ofFrame.shift()?.close()
}

async function answer(
  port: MessagePort,
  methods: ChannelMethods,
  call: Partial<HostCall> | null,
): Promise<void> {
  if (typeof call?.id !== 'number' || typeof call.method !== 'string') return
  const { id } = call
  let message: HostAnswer
  try {
    message = { id, value: await methods.call(call.method, call.params ?? {}) }
  } catch (error) {
    const code = error instanceof MethodError ? error.code : 'RejectAfterClientError'
    message = { id, error: { code, detail: String(error) } }
  }
  port.postMessage(message)
}
