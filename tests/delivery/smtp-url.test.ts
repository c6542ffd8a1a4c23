import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readSmtpUrl, withoutCredentials } from '../../server/src/delivery/mail/smtp-url.ts'

suite('SMTP_URL', () => {
  test('names host and port; the port follows the scheme', () => {
    const { host, port, secure, auth } = readSmtpUrl('smtp://mail.example:2525')
    assert.deepEqual(
      { host, port, secure, auth },
      { host: 'mail.example', port: 2525, secure: false, auth: null },
    )
    assert.equal(readSmtpUrl('smtp://mail.example').port, 587)
    assert.equal(readSmtpUrl('smtps://mail.example').port, 465)
    assert.equal(readSmtpUrl('smtp://[::1]:25').host, '::1')
  })

  test('with a password wants TLS, unless the server is this machine or the URL says otherwise', () => {
    assert.equal(readSmtpUrl('smtp://u:p@mail.example').requireTls, true)
    assert.equal(readSmtpUrl('smtp://mail.example').requireTls, false)
    assert.equal(readSmtpUrl('smtp://u:p@localhost').requireTls, false)
    assert.equal(readSmtpUrl('smtp://u:p@127.0.0.1').requireTls, false)
    assert.equal(readSmtpUrl('smtp://u:p@127.0.0.1.example').requireTls, true)
    assert.equal(readSmtpUrl('smtp://u:p@mail.example?requireTLS=false').requireTls, false)
  })

  for (const url of [
    'mail.example',
    'http://mail.example',
    'smtp://',
    'smtp://u:geheim@mail.example?pool=true',
    'smtp://u:geheim@mail.example?requireTLS=maybe',
    'smtp://u:geheim@mail.example?requireTLS=true&ignoreTLS=true',
    'smtp://u:geheim%@mail.example',
  ]) {
    test(`${url} is refused without repeating a password`, () => {
      assert.throws(
        () => readSmtpUrl(url),
        (error: Error) => /SMTP_URL/.test(error.message) && !error.message.includes('geheim'),
      )
    })
  }

  test('its password is struck out of any text, plain or encoded', () => {
    const server = readSmtpUrl('smtp://desk:gehe%20im@mail.example')
    const login = Buffer.from('\0desk\0gehe im').toString('base64')
    const struck = withoutCredentials(
      `a gehe im b ${login} c ${Buffer.from('gehe im').toString('base64')} d`,
      server,
    )
    assert.equal(struck, 'a [password] b [password] c [password] d')
  })
})
