import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oidcLibrary } from '../../server/src/auth/oidc/load-oidc-library.ts'

test('on a Node release that is not LTS yet the issuer’s library is loaded without a word, and other warnings are heard', async t => {
  const { release } = process
  Object.defineProperty(process, 'release', { value: { ...release, lts: undefined }, configurable: true })
  t.after(() => Object.defineProperty(process, 'release', { value: release, configurable: true }))
  const warn = t.mock.method(console, 'warn', () => {})
  const [first, second] = [oidcLibrary(), oidcLibrary()]
  console.warn('another one')
  assert.equal(await first, await second)
  assert.equal(typeof (await first).Provider, 'function')
  assert.deepEqual(
    warn.mock.calls.map(call => call.arguments),
    [['another one']],
  )
  assert.equal(console.warn, warn, 'what was there before is back')
})
