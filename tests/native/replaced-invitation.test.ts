// An invitation that died at a wrong address and was sent to another one: whoever it reached there hears of the cancel.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ReceivedMail, smtpReceiver } from '../support/smtp-receiver.ts'
import { joinedWorld } from './joined-world.ts'

const textOf = ({ raw }: ReceivedMail) => raw.toString().replaceAll('=\r\n', '').replaceAll('\r\n ', '')
const TYPO = 'typo@ext.example'
const RIGHT = 'right@ext.example'
const OTHER = 'other@ext.example'

for (const hideAttendees of [false, true])
  test(`who got a replaced invitation gets the cancellation, ${hideAttendees ? 'alone with it' : 'among all'}`, async () => {
    await using smtp = await smtpReceiver()
    smtp.answer = (stage, line) =>
      stage === 'rcpt' && line.includes(TYPO) ? { code: 550, text: '5.1.1 no such user' } : null
    await using world = await joinedWorld({ SMTP_URL: smtp.url })
    const attendees = [TYPO, OTHER].map(address => ({ emailAddress: { address } }))
    const { status } = await world.meeting('bob', { body: { attendees, hideAttendees } })
    assert.equal(status, 201)
    let dead: readonly { readonly id: string; readonly eventId: string }[] = []
    while (dead.length === 0)
      dead = (await world.call('alice', 'GET', '/api/v1/effects?state=dead')).json.value
    const { id, eventId } = dead[0] as (typeof dead)[number]
    const effect = { kind: 'mail', to: [RIGHT], subject: 'Review', text: 'You are invited' }
    const made = await world.call('alice', 'POST', `/api/v1/effects/${id}/replace`, { body: { effect } })
    assert.equal(made.status, 201, JSON.stringify(made.json))
    const invited = await smtp.arrived(2)
    const replaced = invited.find(({ to }) => to.includes(RIGHT)) as ReceivedMail
    assert.match(textOf(replaced), /METHOD:REQUEST/)
    assert.doesNotMatch(textOf(replaced), /text\/html/, 'the HTML was of the old one')

    const receipt = await world.cancel(eventId)
    const titles = receipt.notices.map(({ title }) => title).toSorted()
    assert.deepEqual(
      titles,
      [OTHER, RIGHT, TYPO].map(address => `Cancellation mail to ${address}`),
    )
    const told = (await smtp.arrived(4)).slice(2)
    assert.deepEqual(told.flatMap(({ to }) => to).toSorted(), [OTHER, RIGHT])
    for (const mail of told) {
      const text = textOf(mail)
      assert.match(text, /METHOD:CANCEL/)
      assert.ok(text.includes(`mailto:${mail.to[0]}`), 'whom it is for stands in it')
      assert.equal(
        text.includes(mail.to[0] === RIGHT ? OTHER : RIGHT),
        !hideAttendees && mail.to[0] === RIGHT,
      )
    }
  })
