// The calls of this page to its server. The browser adds the session's cookie.

import type { CancelOffer, OfferView, RaiseOffer } from '../../wire/src/agent-screen.ts'

export const BASE = '/api/v1/notifications'

/** A refusal of the server, with its code. `code` is 'unreachable' if there was no answer. */
export class ApiError extends Error {
  readonly code: string
  constructor(code: string, detail: string) {
    super(detail)
    this.code = code
  }
}

async function call<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
  let response: Response
  try {
    response = await fetch(BASE + path, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
  } catch (error) {
    throw new ApiError('unreachable', String(error))
  }
  const answer = await response.json().catch(() => null)
  if (response.ok) return answer as T
  throw new ApiError(String(answer?.code ?? response.status), String(answer?.detail ?? response.statusText))
}

export function raiseOffer(offer: RaiseOffer): Promise<OfferView> {
  return call('POST', '/offers', offer)
}

export function answerOffer(id: string, answer: 'accept' | 'reject'): Promise<OfferView> {
  return call('POST', `/offers/${id}/${answer}`)
}

export function readOffer(id: string): Promise<OfferView> {
  return call('GET', `/offers/${id}`)
}

export function cancelOffer(cancel: CancelOffer): Promise<{ receiptId: string }> {
  return call('POST', '/cancel', cancel)
}

export async function openOffers(channel: string, cancellationToken: string): Promise<readonly OfferView[]> {
  return (
    await call<{ value: OfferView[] }>(
      'GET',
      `/offers?${new URLSearchParams({ channel, cancellationToken })}`,
    )
  ).value
}

export async function receiptOf(channel: string, cancellationToken: string): Promise<unknown> {
  const query = new URLSearchParams({ channel, cancellationToken })
  return (await call<{ value: unknown[] }>('GET', `/receipts?${query}`)).value[0] ?? null
}
