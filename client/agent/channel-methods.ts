// The methods that a provider's page may call. The page never sets the channel of a call: the desktop does, because it framed the page
// for that channel.

import type { RaiseOffer } from '../../wire/src/agent-screen.ts'
import { ApiError, cancelOffer, openOffers, raiseOffer, receiptOf } from './desktop-api.ts'
import { endOf } from './pending-offers.ts'
import { onPresenceChange, presenceText, setPresence } from './presence.ts'

export type Params = Readonly<Record<string, unknown>>
type Method = (params: Params) => unknown
type Mode = 0 | 1 | 2

/** Of this desktop; pages use it as a mere name. */
const APP_ID = '5ca1ab1e-0000-4000-8000-0000000000aa'
const ENGLISH = 1033
const MIN_WIDTH = 300

/** A refusal in the documentation's words. */
export class MethodError extends Error {
  readonly code: string
  constructor(code: string, detail: string) {
    super(detail)
    this.code = code
  }
}

/** Does not use randomUUID, which browsers have on secure origins only. */
const PAGE = Array.from(crypto.getRandomValues(new Uint32Array(4)), part => part.toString(36)).join('')
const PASSED_ON = new Set(['NotificationTemplateNotFoundError'])

export class ChannelMethods {
  private readonly channel: string
  private readonly stopListening: () => void
  private clickToAct = false
  private mode: Mode = 1
  private raised: Promise<unknown> = Promise.resolve()

  /** By the name that the script in the page sends. A new method is a line here, and one in library/framework.ts. */
  private readonly methods: ReadonlyMap<string, Method> = new Map<string, Method>([
    ['notifyEvent', params => this.notify(params)],
    ['cancelEvent', params => this.cancel(params)],
    ['receipt', params => receiptOf(this.channel, String(params.cancellationToken))],
    ['openOffers', params => openOffers(this.channel, String(params.cancellationToken))],
    ['getEnvironment', () => this.environment()],
    ['setClickToAct', params => this.setClickToAct(params.value)],
    ['getClickToAct', () => this.clickToAct],
    ['setMode', params => this.setMode(params.value)],
    ['getMode', () => this.mode],
    ['setPresence', params => setPresence(params.value)],
    ['getPresence', presenceText],
    ['setWidth', params => this.setWidth(params.value)],
    ['getWidth', () => this.frame()?.clientWidth ?? 0],
  ])

  constructor(channel: string, sendEvent: (event: string, detail: unknown) => void) {
    this.channel = channel
    this.stopListening = onPresenceChange(detail => sendEvent('onPresenceChange', detail))
  }

  /** Its page is not told of anything any more. */
  close(): void {
    this.stopListening()
  }

  async call(method: string, params: Params): Promise<unknown> {
    try {
      return await this.methodOf(method)(params)
    } catch (error) {
      if (error instanceof MethodError) throw error
      const code =
        error instanceof ApiError && PASSED_ON.has(error.code) ? error.code : 'RejectAfterClientError'
      throw new MethodError(code, error instanceof Error ? error.message : String(error))
    }
  }

  private methodOf(name: string): Method {
    const method = this.methods.get(name)
    if (!method) throw new MethodError('NotSupported', `${name} is not part of this agent desktop`)
    return method
  }

  private async notify(params: Params): Promise<unknown> {
    const offer: RaiseOffer = {
      channel: this.channel,
      templateName: String(params.templateName),
      templateParameters: params.templateParameters,
      cancellationTokens: params.cancellationTokens as readonly string[],
      correlationId: textOrNull(params.correlationId),
      page: PAGE,
    }
    // One after another, so that the offers are queued in the order of the calls.
    const raising = this.raised.then(() => raiseOffer(offer))
    this.raised = raising.catch(() => {})
    const { id, result } = await raising
    return result ?? endOf(id)
  }

  private cancel(params: Params): Promise<unknown> {
    return cancelOffer({
      channel: this.channel,
      cancellationToken: String(params.cancellationToken),
      correlationId: textOrNull(params.correlationId),
    })
  }

  /** A JSON text. The names are those of Microsoft's desktop; what there is none of here is null. */
  private environment(): string {
    const { agent = '', agentName = '', tenant = '' } = document.body.dataset
    return JSON.stringify({
      clientUrl: location.origin,
      appUrl: location.origin + location.pathname,
      appid: APP_ID,
      appName: document.title,
      cifVersion: '2.0',
      orgUniqueName: tenant,
      orgLcid: ENGLISH,
      // In braces and capitals, as pages expect it that take the braces off.
      userId: `{${agent.toUpperCase()}}`,
      username: agentName,
      userLcid: ENGLISH,
      pagetype: 'dashboard',
      etn: null,
      id: null,
      isDirty: false,
      customParams: null,
      channel: this.channel,
    })
  }

  private setClickToAct(value: unknown): null {
    this.clickToAct = value === true
    return null
  }

  /** 0: minimised, 1: docked, 2: hidden, as the documentation numbers them. Gives the mode. The event is for what the agent does. */
  private setMode(value: unknown): Mode {
    if (value !== 0 && value !== 1 && value !== 2)
      throw new MethodError('RejectAfterClientError', 'mode has to be 0, 1 or 2')
    this.mode = value
    this.frame()?.classList.toggle('minimized', value === 0)
    this.frame()
      ?.closest('figure')
      ?.toggleAttribute('hidden', value === 2)
    return value
  }

  /** Pixels, half of the window at most. Less than 300 is passed over, as documented. Gives the width that it has then. */
  private setWidth(value: unknown): number {
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new MethodError('RejectAfterClientError', 'width has to be a number of pixels')
    const frame = this.frame()
    const width = Math.min(Math.round(value), Math.floor(innerWidth / 2))
    if (value >= MIN_WIDTH) frame?.style.setProperty('inline-size', `${Math.max(MIN_WIDTH, width)}px`)
    return frame?.clientWidth ?? 0
  }

  private frame(): HTMLIFrameElement | null {
    return document.querySelector(`iframe[data-channel="${CSS.escape(this.channel)}"]`)
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
