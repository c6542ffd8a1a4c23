// The same addresses get the same verdict at every door through which one comes in, and what is taken goes through a mail
// server.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announceRequestSchema } from '@standdown/wire/src/event.ts'
import PostalMime from 'postal-mime'
import { readEvent } from '../../server/src/apis/graph/read-event.ts'
import { readWorkspaceFile } from '../../server/src/app/workspace/read-workspace-file.ts'
import { itipRequest } from '../../server/src/calendar/itip/itip.ts'
import { readConfig } from '../../server/src/config/config.ts'
import { Fault } from '../../server/src/core/fault.ts'
import { mailboxKey, readAddress } from '../../server/src/core/mail-address.ts'
import { createMailCarrier } from '../../server/src/delivery/mail/mail-carrier.ts'
import { readMailOrder } from '../../server/src/delivery/mail/mail-order.ts'
import { compileValidator } from '../../server/src/http/schema-validator.ts'
import { smtpReceiver } from '../support/smtp-receiver.ts'
import { calm, now, startedEffect } from './started-effect.ts'

const LABEL_63 = 'l'.repeat(63)
/** 63 + 1 + 63 + 1 + 52 + 1 + 8 = 189: with a local part of 64 and the @, 254. */
const LONG_DOMAIN = `${LABEL_63}.${LABEL_63}.${'m'.repeat(52)}.example1`.replace('example1', 'examples')

const GOOD: readonly (readonly [string, string])[] = [
  ['bob@contoso.example', 'bob@contoso.example'],
  ['Bob.Builder+tag@Contoso.Example', 'Bob.Builder+tag@contoso.example'],
  ["!#$%&'*/=?^_`|~-@contoso.example", "!#$%&'*/=?^_`|~-@contoso.example"],
  ['a@b', 'a@b'],
  ['a@localhost', 'a@localhost'],
  [`${'x'.repeat(64)}@contoso.example`, `${'x'.repeat(64)}@contoso.example`],
  [`${'x'.repeat(64)}@${LONG_DOMAIN}`, `${'x'.repeat(64)}@${LONG_DOMAIN}`],
  ['jorg@müller.example', 'jorg@xn--mller-kva.example'],
  ['jorg@MÜLLER.example', 'jorg@xn--mller-kva.example'],
  ['a@xn--mller-kva.example', 'a@xn--mller-kva.example'],
  ['a@例え.テスト', 'a@xn--r8jz45g.xn--zckzah'],
  ['a@faß.example', 'a@xn--fa-hia.example'],
  ['a@4chan.example', 'a@4chan.example'],
  ['a@a--b.example', 'a@a--b.example'],
]

const BAD: readonly string[] = [
  '',
  'bob',
  '@contoso.example',
  'bob@',
  'bob@@contoso.example',
  'bob@x@contoso.example',
  'bob@contoso..example',
  'bob@.contoso.example',
  'bob@contoso.example.',
  'bob@-contoso.example',
  'bob@contoso-.example',
  'bob@con_toso.example',
  'bob@con toso.example',
  'bob builder@contoso.example',
  '.bob@contoso.example',
  'bob.@contoso.example',
  'bob..b@contoso.example',
  '"bob"@contoso.example',
  '"bob builder"@contoso.example',
  'bob(comment)@contoso.example',
  'bob,eve@contoso.example',
  'bob@contoso.example,eve@x.example',
  'bob@contoso.example, eve@x.example',
  'bob@contoso.example;eve@x.example',
  '<bob@contoso.example',
  'bob@contoso.example>',
  'bob\\@contoso.example',
  'bob:x@contoso.example',
  'mailto:bob@contoso.example',
  'bob@contoso.example\r\nBcc: eve@x.example',
  'bob@contoso.example\nRCPT TO:<eve@x.example>',
  'bob\r\n@contoso.example',
  'bob\t@contoso.example',
  'bob@contoso\u2028.example',
  'bob\u0000@contoso.example',
  'bob@conto\u00adso\u0000.example',
  'bob@contoso.example\u0000',
  'bob@contoso%2eexample',
  'bob@contoso。example',
  'bob@[192.0.2.1]',
  'bob@[IPv6:2001:db8::1]',
  'bob@192.0.2.1',
  'bob@１２７.0.0.1',
  'bob@contoso.123',
  'jörg@contoso.example',
  'bob\u200b@contoso.example',
  'bob@contoso\u200b.example',
  'bob@conto\u202eso.example',
  'bob@xn--a.example',
  'bob@xn--.example',
  `${'x'.repeat(65)}@contoso.example`,
  `bob@${'l'.repeat(64)}.example`,
  `${'x'.repeat(64)}@m${LONG_DOMAIN}`,
  `bob@${'ü'.repeat(60)}.example`,
  `bob@${'a.'.repeat(130)}example`,
  `${'x'.repeat(10_000)}@contoso.example`,
  `bob@${'('.repeat(20_000)}`,
]

const taken = (read: () => unknown): boolean => {
  try {
    return read() !== false
  } catch (error) {
    assert.ok(error instanceof Error && 'status' in error && error.status === 400, String(error))
    return false
  }
}

const announcement = compileValidator(announceRequestSchema)
const time = (hour: number) => ({ dateTime: `2031-03-03T0${hour}:00:00`, timeZone: 'UTC' })
const domainOf = (address: string) => readAddress(address)?.split('@')[1] ?? 'contoso.example'

/** The address at every place of a workspace file that takes one, everything else being right: what is said of each place. */
function workspaceErrors(address: string): ReadonlySet<string> {
  const mail = { to: address, subject: 's', text: 't' }
  const tenant = {
    id: 'contoso',
    name: 'Contoso',
    domains: [...new Set(['home.example', domainOf(address)])],
    users: [
      { upn: 'alice@home.example', name: 'Alice', mail: address },
      { upn: address, name: 'Bob' },
    ],
    groups: [{ name: 'all', mail: address, members: [address] }],
    apps: [{ name: 'shop' }],
    triggers: [{ app: 'shop', key: 'k' }],
    automations: [{ name: 'A', app: 'shop', trigger: 'k', actions: [{ mail }] }],
    channels: [{ uniqueName: 'phone', address: 'https://phone.example/', agents: [address] }],
    calendars: [{ user: address }],
  }
  try {
    readWorkspaceFile({ text: JSON.stringify({ tenants: [tenant] }), variables: {} })
    return new Set()
  } catch (error) {
    assert.ok(error instanceof Fault && error.code === 'INVALID_WORKSPACE', String(error))
    const { errors } = error.data as { errors: readonly { at: string }[] }
    return new Set(errors.map(({ at }) => at.replace('tenants[0].', '')))
  }
}

const ERRORS_OF = new Map(
  [...GOOD.map(([address]) => address), ...BAD].map(each => [each, workspaceErrors(each)]),
)
const inWorkspace = (path: string) => (address: string) => !ERRORS_OF.get(address)!.has(path)

const DOORS: { readonly [door: string]: (address: string) => boolean } = {
  'the check itself': address => readAddress(address) !== null,
  'an effect of the native API': address => {
    const body = { title: 'K', effects: [{ kind: 'mail', to: [address], subject: 's', text: 't' }] }
    return announcement(body)
  },
  'an attendee of Graph': address =>
    taken(() =>
      readEvent({ start: time(1), end: time(2), attendees: [{ emailAddress: { address, name: 'Bob' } }] }),
    ),
  'a userPrincipalName': inWorkspace('users[1].upn'),
  'the mail of a user': inWorkspace('users[0].mail'),
  'the mail of a group': inWorkspace('groups[0].mail'),
  'a member of a group': inWorkspace('groups[0].members[0]'),
  'the owner of calendars': inWorkspace('calendars[0].user'),
  'an agent of a channel': inWorkspace('channels[0].agents[0]'),
  'a mail of an automation': inWorkspace('automations[0].actions[0].mail.to'),
  MAIL_FROM: address => {
    try {
      return readConfig({ MAIL_FROM: address }, '/').mailFrom === address
    } catch {
      return false
    }
  },
  'MAIL_FROM with a name': address => {
    try {
      return readConfig({ MAIL_FROM: `Bob <${address}>` }, '/').mailFrom.includes(address)
    } catch {
      return false
    }
  },
  'an effect on its way to SMTP': address =>
    typeof readMailOrder({ to: address, subject: 's', text: 't' }) !== 'string',
  'its sender': address =>
    typeof readMailOrder({
      to: 'a@x.example',
      from: { name: 'B', address },
      subject: 's',
      text: 't',
    }) !== 'string',
}

/** Nothing is no setting at all, and the environment's blanks around a value are taken off. */
const NOT_SAID: { readonly [door: string]: RegExp } = { MAIL_FROM: /^$/ }

for (const [door, takes] of Object.entries(DOORS)) {
  test(`${door}: the addresses that everybody takes, and no others`, () => {
    for (const [address] of GOOD) assert.ok(takes(address), `refused ${address}`)
    for (const address of BAD) {
      if (NOT_SAID[door]?.test(address)) continue
      assert.ok(!takes(address), `took ${JSON.stringify(address.slice(0, 100))}`)
    }
  })
}

test('a workspace file in which every address is good has no mistake', () => {
  for (const [address] of GOOD) assert.deepEqual([...ERRORS_OF.get(address)!], [], address)
})

test('what is taken is kept as mail travels, and capitals make no other mailbox', () => {
  for (const [address, kept] of GOOD) {
    assert.equal(readAddress(address), kept)
    assert.equal(readAddress(kept), kept)
    assert.equal(mailboxKey(address), mailboxKey(kept))
    assert.equal(mailboxKey(address.toUpperCase().replace('SS', 'ß')), mailboxKey(kept), address)
  }
})

test('a calendar object names an attendee as the mail does', () => {
  const [address, kept] = GOOD.find(([written]) => written === 'jorg@müller.example')!
  const at = new Date('2031-03-03T09:00:00Z')
  const content = itipRequest({
    uid: 'u',
    sequence: 0,
    stamp: at,
    subject: 'S',
    startAt: at,
    endAt: at,
    isAllDay: false,
    location: '',
    organizer: { name: 'Alice', address: 'alice@contoso.example' },
    description: '',
    transparent: false,
  })([{ name: 'Jörg', address, type: 'required', response: 'none' }]).replaceAll('\r\n ', '')
  assert.match(content, new RegExp(`^ATTENDEE;.*:mailto:${kept}\\r$`, 'm'))
})

test('what is taken goes through a mail server that knows no SMTPUTF8, to that one mailbox', async () => {
  await using smtp = await smtpReceiver()
  const carrier = createMailCarrier({
    smtpUrl: smtp.url,
    keep: () => Promise.reject(new Error('not in keep mode')),
    now,
  })
  try {
    // The server of this test takes 253 characters, one fewer than RFC 5321.
    const fitting = GOOD.filter(([address]) => address.length < 254)
    for (const [i, [address, kept]] of fitting.entries()) {
      const to = { name: 'Eve <eve@x.example>, "\r\nBcc: eve@x.example', address }
      const verdict = await carrier.run(startedEffect('mail.send', { to, subject: 's', text: 't' }), calm)
      assert.equal(verdict.is, 'done', `${JSON.stringify(verdict)}: ${address}`)
      const mail = (await smtp.arrived(i + 1))[i]!
      // It shows domains in their own language; what came over the line is told by the octets.
      assert.deepEqual(mail.to.map(readAddress), [kept])
      assert.ok(
        mail.raw.every(octet => octet < 128),
        'ASCII',
      )
      const parsed = await PostalMime.parse(mail.raw)
      assert.deepEqual(
        parsed.to?.map(each => readAddress(each.address)),
        [kept],
      )
      assert.equal(parsed.bcc, undefined)
    }
    for (const address of BAD) {
      const verdict = await carrier.run(
        startedEffect('mail.send', { to: address, subject: 's', text: 't' }),
        calm,
      )
      assert.equal(verdict.is, 'failed', address.slice(0, 100))
    }
    assert.equal(smtp.seen.length, fitting.length, 'no bad one reached the mail server')
  } finally {
    carrier.close()
  }
})
