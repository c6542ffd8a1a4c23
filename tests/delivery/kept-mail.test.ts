// Mail that is kept instead of sent, on a real database; and the secrets that sign webhooks.

import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, suite, test } from 'node:test'
import { createKeptMail } from '../../server/src/delivery/mail/kept-mail.ts'
import { createMailCarrier } from '../../server/src/delivery/mail/mail-carrier.ts'
import { createMailStore } from '../../server/src/delivery/mail/mail-store.ts'
import { readWebhookSecret } from '../../server/src/delivery/webhook/signature.ts'
import { createWebhookSecrets } from '../../server/src/delivery/webhook/webhook-secrets.ts'
import { testDatabase } from '../support/database.ts'
import { byCancel, calm, now, startedEffect } from './started-effect.ts'
import { webhookCarriers } from './webhook-receiver.ts'

const database = await testDatabase()
after(() => database[Symbol.asyncDispose]())

const ICS = 'BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Café 🚀\r\nEND:VCALENDAR\r\n'

/** A carrier without SMTP_URL, and the kept mail that it writes, for a tenant of its own. */
function keeping() {
  const store = createMailStore(database.db)
  const tenant = randomUUID()
  const carrier = createMailCarrier({ smtpUrl: null, keep: mail => store.keep(mail), now })
  const carriers = [carrier, ...[webhookCarriers()].flatMap(made => [made.call, made.withdraw])]
  assert.deepEqual(
    carriers.map(({ kind }) => kind),
    ['mail.send', 'webhook.call', 'webhook.withdraw'],
  )
  const send = (data: object = {}, more: object = {}) =>
    carrier.run(
      startedEffect(
        'mail.send',
        { to: 'bob@contoso.example', subject: 'Hello', text: 'Bob', ...data },
        { tenant, ...more },
      ),
      calm,
    )
  return { carrier, tenant, send, mail: createKeptMail(store), store }
}

suite('mail without a mail server', () => {
  test('is kept, and can be read part by part', async () => {
    const { tenant, send, mail } = keeping()
    const id = randomUUID()
    const from = { name: 'Alice', address: 'alice@contoso.example' }
    const verdict = await send(
      { from, html: '<p>Bob</p>', ical: { method: 'REQUEST', content: ICS } },
      { id },
    )
    const messageId = `<${id}@localhost>`
    assert.deepEqual(verdict, { is: 'done', evidence: { kept: true, messageId } })
    const read = await mail.read(tenant, id)
    assert.ok(read)
    const { raw, seq, ...rest } = read
    assert.deepEqual(
      { ...rest, text: rest.text?.trimEnd(), html: rest.html?.trimEnd() },
      {
        id,
        at: now(),
        messageId,
        from: 'Alice <standdown@localhost>',
        to: ['bob@contoso.example'],
        subject: 'Hello',
        text: 'Bob',
        html: '<p>Bob</p>',
        calendar: ICS,
        method: 'REQUEST',
      },
    )
    assert.match(raw, /^Message-ID: </m)
    const [listed] = await mail.list(tenant)
    assert.deepEqual(listed, { ...rest, seq })
  })

  test('is kept once, however often it is carried', async () => {
    const { tenant, send, mail } = keeping()
    const id = randomUUID()
    for (const attempt of [1, 2, 3]) assert.equal((await send({}, { id, attempt })).is, 'done')
    assert.equal((await mail.list(tenant)).length, 1)
  })

  test('is listed newest first, by recipient in any case, page by page', async () => {
    const { tenant, send, mail } = keeping()
    for (let i = 0; i < 7; i++)
      await send({ to: i % 2 ? 'Carol@contoso.example' : 'bob@contoso.example', subject: `${i}` })
    const subjects = (page: Awaited<ReturnType<typeof mail.list>>) => page.map(({ subject }) => subject)
    assert.deepEqual(subjects(await mail.list(tenant)), ['6', '5', '4', '3', '2', '1', '0'])
    assert.deepEqual(subjects(await mail.list(tenant, { recipient: 'carol@CONTOSO.example' })), [
      '5',
      '3',
      '1',
    ])
    const first = await mail.list(tenant, { limit: 3 })
    assert.deepEqual(subjects(first), ['6', '5', '4'])
    assert.deepEqual(subjects(await mail.list(tenant, { limit: 3, before: first[2]!.seq })), ['3', '2', '1'])
  })

  test('is its tenant’s alone', async () => {
    const one = keeping()
    const other = keeping()
    const id = randomUUID()
    await one.send({}, { id })
    assert.equal(await other.mail.read(other.tenant, id), null)
    assert.deepEqual(await other.mail.list(other.tenant), [])
    // The same id in another tenant is another mail.
    await other.send({ subject: 'Other' }, { id })
    assert.equal((await one.mail.read(one.tenant, id))?.subject, 'Hello')
    assert.equal(await one.mail.read(one.tenant, 'nonsense'), null)
  })

  test('is stopped when it was called off before it was kept', async () => {
    const { carrier, tenant, mail } = keeping()
    const effect = startedEffect(
      'mail.send',
      { to: 'bob@contoso.example', subject: '', text: '' },
      { tenant },
    )
    assert.equal((await carrier.run(effect, AbortSignal.abort(byCancel()))).is, 'stopped')
    assert.deepEqual(await mail.list(tenant), [])
  })

  test('that could not be kept is tried again: it may have been', async () => {
    const carrier = createMailCarrier({
      smtpUrl: null,
      keep: () => Promise.reject(new Error('database away')),
      now,
    })
    const effect = startedEffect('mail.send', { to: 'bob@contoso.example', subject: '', text: '' })
    assert.deepEqual(await carrier.run(effect, calm), {
      is: 'retry',
      error: 'database away',
      mayHaveHappened: true,
    })
  })
})

suite('the secret of a webhook', () => {
  const secrets = createWebhookSecrets({ db: database.db, random: randomBytes })

  test('is made once, when it is first needed, also by many at once', async () => {
    const tenant = randomUUID()
    const found = await Promise.all(
      Array.from({ length: 8 }, () => secrets.secretFor(tenant, 'https://a.example')),
    )
    assert.equal(new Set(found.map(keys => keys.map(key => Buffer.from(key).toString('hex')).join())).size, 1)
    assert.equal(found[0]!.length, 1)
    assert.notDeepEqual(await secrets.secretFor(tenant, 'https://b.example'), found[0])
    assert.notDeepEqual(await secrets.secretFor(randomUUID(), 'https://a.example'), found[0])
    assert.deepEqual(
      (await secrets.list(tenant)).map(({ ref }) => ref),
      ['https://a.example', 'https://b.example'],
    )
  })

  test('is changed without a gap: the new one first, the old one until its time is up', async () => {
    const tenant = randomUUID()
    const [old] = await secrets.secretFor(tenant, 'crm')
    const text = await secrets.rotate(tenant, 'crm', 60_000)
    const both = await secrets.secretFor(tenant, 'crm')
    assert.deepEqual(
      both.map(key => Buffer.from(key)),
      [Buffer.from(readWebhookSecret(text)), Buffer.from(old!)],
    )
    const last = await secrets.rotate(tenant, 'crm', 0)
    // The second was given no time beside the third; the first still has its minute.
    const rest = await secrets.secretFor(tenant, 'crm')
    assert.deepEqual(
      rest.map(key => Buffer.from(key)),
      [Buffer.from(readWebhookSecret(last)), Buffer.from(old!)],
    )
  })
})
