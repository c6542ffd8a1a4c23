// The methods that a provider's page may call. The page never sets the channel of a call: the desktop does, because it framed the page
// for that channel.

import type { RaiseOffer } from '../../wire/src/agent-screen.ts'
import { ApiError, cancelOffer, openOffers, raiseOffer, receiptOf } from './desktop-api.ts'
import { endOf } from './pending-offers.ts'

export type Params = Readonly<Record<string, unknown>>
type Method = (params: Params) => unknown

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
  private readonly sendEvent: (event: string, detail: unknown) => void
  private clickToAct = false
  private mode = 1
  private presence: unknown = null
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
    ['setPresence', params => this.setPresence(params.value)],
    ['getPresence', () => this.presence],
  ])

  constructor(channel: string, sendEvent: (event: string, detail: unknown) => void) {
    this.channel = channel
    this.sendEvent = sendEvent
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

  private environment(): string {
    return JSON.stringify({ clientUrl: location.origin, appName: document.title, channel: this.channel })
  }

  private setClickToAct(value: unknown): null {
    this.clickToAct = value === true
    return null
  }

  private setPresence(value: unknown): null {
    this.presence = value
    return null
  }

  /** 0: minimized, 1: docked, as the documentation numbers them. */
  private setMode(value: unknown): null {
    if (value !== 0 && value !== 1) throw new MethodError('RejectAfterClientError', 'mode has to be 0 or 1')
    this.mode = value
    document
      .querySelector(`iframe[data-channel="${CSS.escape(this.channel)}"]`)
      ?.classList.toggle('minimized', value === 0)
    this.sendEvent('onmodechanged', { value })
    return null
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
