// What the demo announces. Each announcement goes through the API that its users already have, and is cancelled there.

import { randomUUID } from 'node:crypto'
import type { TokenView } from '@standdown/wire/src/credentials.ts'
import type { Call, ServerClient } from './server-client.ts'

export type Announced = {
  readonly title: string
  readonly cancel: { readonly path: string; readonly call: Call }
}

export type AnnouncedAll = {
  readonly all: readonly Announced[]
  /** Announced two weeks before the cancel, so that the cancel comes in the middle of its reminders. */
  reportInvoice(say: Say): Promise<Announced>
  /** Announced late: an offer stays on an agent's screen for seconds, not for weeks. */
  raiseOffer(say: Say): Promise<Announced>
}

type Say = (what: string) => void

const DAY = 86_400_000
const CHANNEL = 'demo_softphone'

export async function announceAll(client: ServerClient, say: Say): Promise<AnnouncedAll> {
  const [alice, dana, app] = await Promise.all([
    tokenFor(client, { user: 'alice@contoso.example' }),
    tokenFor(client, { user: 'dana@contoso.example' }),
    tokenFor(client, { app: 'demo-app' }),
  ])
  const all = [
    await bookMeeting(client, alice, say),
    await reportAppointment(client, app, say),
    await announceOrder(client, say),
  ]
  return {
    all,
    reportInvoice: tell => reportInvoice(client, app, tell),
    raiseOffer: tell => raiseOffer(client, dana, tell),
  }
}

async function tokenFor(client: ServerClient, body: object): Promise<string> {
  return (await client.json<TokenView>('/api/v1/tokens', { body })).token
}

async function bookMeeting(client: ServerClient, token: string, say: Say): Promise<Announced> {
  const authorization = `Bearer ${token}`
  const now = await timeOf(client)
  const at = (hours: number): object => {
    const start = new Date(now + 40 * DAY)
    start.setUTCHours(hours, 0, 0, 0)
    return { dateTime: start.toISOString().slice(0, 19), timeZone: 'UTC' }
  }
  const attendees = ['bob', 'carol'].map(name => ({
    type: 'required',
    emailAddress: { address: `${name}@contoso.example` },
  }))
  const subject = 'Quarterly review'
  const { id } = await client.json<{ id: string }>('/v1.0/me/events', {
    authorization,
    body: { subject, start: at(9), end: at(10), attendees },
  })
  say(`Graph: alice invites bob and carol to "${subject}"`)
  const comment = 'Cancelling for this week due to all hands'
  return {
    title: subject,
    cancel: {
      path: `/v1.0/me/events/${encodeURIComponent(id)}/cancel`,
      call: { authorization, body: { comment } },
    },
  }
}

async function reportAppointment(client: ServerClient, token: string, say: Say): Promise<Announced> {
  const startsAt = new Date((await timeOf(client)) + 35 * DAY).toISOString()
  const announced = await report(client, token, {
    triggerKey: 'appointment_starting',
    payload: { title: 'Dentist', startsAt },
  })
  say('Wix: an appointment in five weeks; bob is reminded the day before')
  return announced
}

async function reportInvoice(client: ServerClient, token: string, say: Say): Promise<Announced> {
  const payload = { number: '1017', amount: '$120', customer: 'Erin', vip: false }
  const announced = await report(client, token, { triggerKey: 'invoice_due', payload })
  say('Wix: invoice 1017 is due; carol is reminded after one week and after three')
  return announced
}

async function report(
  client: ServerClient,
  authorization: string,
  { triggerKey, payload }: { readonly triggerKey: string; readonly payload: object },
): Promise<Announced> {
  const externalEntityId = randomUUID()
  const body = { triggerKey, externalEntityId, payload }
  await client.json('/automations/v1/events/report', { authorization, body })
  const call = { authorization, body: { triggerKey, externalEntityId } }
  return { title: triggerKey, cancel: { path: '/automations/v1/events/cancel', call } }
}

async function timeOf(client: ServerClient): Promise<number> {
  const { now } = await client.json<{ now: string }>('/api/v1/sandbox/clock')
  return Date.parse(now)
}

async function announceOrder(client: ServerClient, say: Say): Promise<Announced> {
  const key = `order-${randomUUID().slice(0, 8)}`
  const mail = (days: number, text: string): object => ({
    kind: 'mail',
    to: ['carol@contoso.example'],
    subject: `Your order: ${text}`,
    text: `${text}.`,
    title: `Mail to carol@contoso.example: ${text}`,
    afterMs: days * DAY,
  })
  await client.json('/api/v1/events', {
    body: {
      key,
      title: 'Order with four mails',
      effects: [mail(1, 'packed'), mail(9, 'on its way'), mail(20, 'delivered'), mail(45, 'how was it?')],
    },
  })
  say('Native: an order, with mails after 1, 9, 20 and 45 days')
  return {
    title: 'Order',
    cancel: { path: '/api/v1/cancellations', call: { body: { key, reason: 'Sent back' } } },
  }
}

async function raiseOffer(client: ServerClient, token: string, say: Say): Promise<Announced> {
  const authorization = `Bearer ${token}`
  const cancellationToken = randomUUID()
  await client.json('/api/v1/notifications/offers', {
    authorization,
    body: {
      channel: CHANNEL,
      templateName: 'msdyn_chat_incoming_unauthenticated',
      templateParameters: { customerName: 'Erin' },
      cancellationTokens: [cancellationToken],
    },
  })
  say('CIF: a chat is offered on the screen of dana, agent')
  return {
    title: 'Offer to dana',
    cancel: {
      path: '/api/v1/notifications/cancel',
      call: { authorization, body: { channel: CHANNEL, cancellationToken } },
    },
  }
}
