// What tests of the calendar do again and again: make a meeting, wait until everybody has it, and look at it.

import assert from 'node:assert/strict'
import { after } from 'node:test'
import { ALICE, BOB, type CalendarServer, calendarServer, type Json } from './calendar-server.ts'

export const ORGANIZER_SENTENCE =
  "Your request can't be completed. You need to be an organizer to cancel a meeting."

export function meetingBody(more: Json = {}): Json {
  return {
    subject: 'Planning',
    body: { contentType: 'text', content: 'What comes next' },
    start: { dateTime: '2026-12-01T09:00:00', timeZone: 'UTC' },
    end: { dateTime: '2026-12-01T10:00:00', timeZone: 'UTC' },
    attendees: [{ emailAddress: { address: 'bob@contoso.example', name: 'Bob' }, type: 'required' }],
    ...more,
  }
}

export function idOf(json: Json): string {
  const { id } = json
  assert.equal(typeof id, 'string', JSON.stringify(json))
  return String(id)
}

export function values(json: Json): readonly Json[] {
  assert.ok(Array.isArray(json.value), JSON.stringify(json))
  return json.value as readonly Json[]
}

export function errorOf(json: Json): {
  code: string
  message: string
  innerError: { [name: string]: string }
} {
  return json.error as { code: string; message: string; innerError: { [name: string]: string } }
}

/** Meetings of alice with bob, each with a subject of its own, delivered before they are handed over. */
export class Meetings {
  readonly #server: CalendarServer
  #made = 0
  constructor(server: CalendarServer) {
    this.#server = server
  }

  /** `at`: where it is created. */
  async make(
    more: Json = {},
    at = '/v1.0/me/events',
  ): Promise<{ readonly id: string; readonly subject: string }> {
    const subject = `Meeting ${this.#made + 1}`
    const reply = await this.#server.as(ALICE)(`POST ${at}`, { body: meetingBody({ subject, ...more }) })
    assert.equal(reply.status, 201, reply.text)
    this.#made += 1
    await this.#server.ran('calendar.deliver', this.#made)
    const { attendees } = reply.json
    await this.#server.mailed(subject, Array.isArray(attendees) ? attendees.length : 0)
    return { id: idOf(reply.json), subject: String(reply.json.subject) }
  }

  /** Bob's copy. */
  async copy(subject: string): Promise<Json> {
    return await find(this.#server, { who: BOB, path: '/v1.0/me/events', subject })
  }
}

/** The one thing in a list whose subject ends so. */
export async function find(
  server: CalendarServer,
  { who, path, subject }: { readonly who: string; readonly path: string; readonly subject: string },
): Promise<Json> {
  const reply = await server.as(who)(`GET ${path}?$top=500`)
  assert.equal(reply.status, 200, reply.text)
  const found = values(reply.json).filter(value => String(value.subject).endsWith(subject))
  assert.equal(found.length, 1, `${found.length} of ${subject} in ${path}`)
  return found[0] as Json
}

/** A server for all tests of a file, stopped after the last of them, and meetings on it. */
export async function calendarForFile(): Promise<{
  readonly server: CalendarServer
  readonly meetings: Meetings
}> {
  const server = await calendarServer()
  after(async () => await server[Symbol.asyncDispose]())
  return { server, meetings: new Meetings(server) }
}
