// What a provider's page may ask of the desktop. The channel is ours to say, never the page's: it was framed under it.

import type { RaiseOffer } from '../../wire/src/agent-screen.ts'
import { ApiError, cancelOffer, openOffers, raiseOffer, receiptOf } from './desktop-api.ts'
import { endOf } from './pending-offers.ts'

export type Params = Readonly<Record<string, unknown>>

/** A refusal in the documentation's words. */
export class MethodError extends Error {
  readonly code: string
  constructor(code: string, detail: string) {
    super(detail)
    this.code = code
  }
}

/** Not randomUUID: that is there on secure origins only. */
const PAGE = Array.from(crypto.getRandomValues(new Uint32Array(4)), part => part.toString(36)).join('')
const PASSED_ON = new Set(['NotificationTemplateNotFoundError', 'NotificationTemplateResolverNotFoundError'])

export class ChannelMethods {
  private readonly channel: string
  private readonly tell: (event: string, detail: unknown) => void
  private clickToAct = false
  private mode = 1
  private presence: unknown = null
  private raised: Promise<unknown> = Promise.resolve()

  constructor(channel: string, tell: (event: string, detail: unknown) => void) {
    this.channel = channel
    this.tell = tell
  }

  async call(method: string, params: Params): Promise<unknown> {
    try {
      return await this.run(method, params)
    } catch (error) {
      if (error instanceof MethodError) throw error
      const code =
        error instanceof ApiError && PASSED_ON.has(error.code) ? error.code : 'RejectAfterClientError'
      throw new MethodError(code, error instanceof Error ? error.message : String(error))
    }
  }

  private run(method: string, params: Params): Promise<unknown> | unknown {
    switch (method) {
      case 'notifyEvent':
        return this.notify(params)
      case 'cancelEvent':
        return cancelOffer({
          channel: this.channel,
          cancellationToken: String(params.cancellationToken),
          correlationId: textOrNull(params.correlationId),
        })
      case 'receipt':
        return receiptOf(this.channel, String(params.cancellationToken))
      case 'openOffers':
        return openOffers(this.channel, String(params.cancellationToken))
      case 'getEnvironment':
        return JSON.stringify({ clientUrl: location.origin, appName: document.title, channel: this.channel })
      case 'setClickToAct':
        this.clickToAct = params.value === true
        return null
      case 'getClickToAct':
        return this.clickToAct
      case 'setMode':
        return this.setMode(params.value)
      case 'getMode':
        return this.mode
      case 'setPresence':
        this.presence = params.value
        return null
      case 'getPresence':
        return this.presence
      default:
        throw new MethodError('NotSupported', `${method} is not part of this agent desktop`)
    }
  }

  private async notify(params: Params): Promise<unknown> {
    const offer: RaiseOffer = {
      channel: this.channel,
      templateName: String(params.templateName),
      templateParameters: params.templateParameters as RaiseOffer['templateParameters'],
      cancellationTokens: params.cancellationTokens as readonly string[],
      correlationId: textOrNull(params.correlationId),
      page: PAGE,
    }
    // One after another, so that calls stand in line in the order in which they came.
    const raising = this.raised.then(() => raiseOffer(offer))
    this.raised = raising.catch(() => {})
    const { id, result } = await raising
    return result ?? endOf(id)
  }

  /** 0: minimized, 1: docked, as the documentation numbers them. */
  private setMode(value: unknown): null {
    if (value !== 0 && value !== 1) throw new MethodError('RejectAfterClientError', 'mode has to be 0 or 1')
    this.mode = value
    document
      .querySelector(`iframe[data-channel="${CSS.escape(this.channel)}"]`)
      ?.classList.toggle('minimized', value === 0)
    this.tell('onmodechanged', { value })
    return null
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
