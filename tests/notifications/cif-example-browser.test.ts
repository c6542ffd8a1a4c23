// examples/cif-page.html, as it stands but for the server's address, framed as a channel.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { desktopOn, desktopWorld } from './desktop-world.ts'

const EXAMPLE = readFileSync(new URL('../../examples/cif-page.html', import.meta.url), 'utf8')

test('the example page announces a call, and withdraws it with a receipt', async t => {
  let host = ''
  const provider = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(EXAMPLE.replaceAll('http://127.0.0.1:7700', host))
  })
  const { promise: listening, resolve } = Promise.withResolvers<void>()
  provider.listen(0, '127.0.0.1', resolve)
  await listening
  t.after(() => provider.closeAllConnections())
  t.after(() => provider.close())
  const { port } = provider.address() as AddressInfo

  await using world = await desktopWorld(
    `      - { uniqueName: telephone, label: Telephone, address: "http://127.0.0.1:${port}/" }\n`,
  )
  host = world.server.url
  const { page } = await world.signIn(await world.newContext())
  const desktop = await desktopOn(page, 'telephone')
  const said = () => desktop.phone.textContent('#said')
  // The page waits for CIFInitDone, which comes when the desktop has answered.
  await desktop.phone.waitForFunction("document.querySelector('#ring').onclick !== null")

  await desktop.phone.click('#ring')
  await desktop.card('Chat request from Ada')
  await desktop.answer('accept')
  await desktop.phone.getByText('Accept, Accept').waitFor()

  await desktop.phone.click('#ring')
  await desktop.card('Chat request from Ada')
  await desktop.phone.click('#hang-up')
  await desktop.card(null)
  await desktop.phone.getByText('withdrawn').waitFor()
  assert.match((await said()) ?? '', /Cancel, Cancelled/)
  assert.match((await said()) ?? '', /withdrawn: 1 stopped, 0 prevented, 0 over before/)
})

test('it is short enough to read', () => {
  assert.ok(EXAMPLE.trimEnd().split('\n').length <= 25)
})
