// What a provider's page, and any other page, must not be able to do to the agent's desktop.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { BrowserContext } from 'playwright-core'
import { type Desktop, type DesktopWorld, declined, desktopWorld, PHONE } from './desktop-world.ts'

let world: DesktopWorld
let context: BrowserContext
let desktop: Desktop

before(async () => {
  world = await desktopWorld()
  context = await world.newContext()
  desktop = await world.signIn(context)
})
after(() => world?.[Symbol.asyncDispose]())

const ATTACKS = [
  '<img src=x onerror="window.owned=1">',
  '</dd><script>window.owned=1</script>',
  '"><svg onload=window.owned=1>',
  "' onmouseover='window.owned=1",
  '{customerName}',
  '\u202eexe.gpj',
]

test('whatever a provider sends is text on the card, and only that', async () => {
  for (const attack of ATTACKS) {
    const { ended } = desktop.notify({
      templateName: 'contoso_rich',
      templateParameters: { customerName: attack, question: attack, visitorLanguage: attack },
    })
    await desktop.page.waitForSelector('#screen article')
    assert.equal(await desktop.page.textContent('#offer-title'), `${attack} asks`)
    assert.deepEqual(await desktop.page.locator('#screen dd').allTextContents(), [attack, attack])
    assert.equal(await desktop.page.locator('#screen img, #screen script, #screen svg').count(), 0)
    await desktop.answer('reject')
    assert.deepEqual(await ended, declined)
    await desktop.card(null)
  }
  assert.equal(await desktop.page.evaluate('window.owned'), undefined)
})

test('a slug named like a property of every object is not filled from there', async () => {
  const input = '{"templateName":"contoso_rich","templateParameters":{"question":"{constructor}"}}'
  const { ended } = desktop.notify(input)
  await desktop.page.waitForSelector('#screen article')
  assert.deepEqual(await desktop.page.locator('#screen dd').allTextContents(), ['{constructor}'])
  await desktop.answer('reject')
  await ended
})

test("the page's policy: no inline script, no foreign frame, framed by nobody", async () => {
  const response = await desktop.page.request.get(`${world.server.url}/agent`)
  const policy = response.headers()['content-security-policy'] ?? ''
  assert.match(policy, /default-src 'none'/)
  assert.match(policy, /script-src 'self'(;|$)/)
  assert.match(policy, new RegExp(`frame-src ${world.server.softphoneUrl}(;|$)`))
  assert.match(policy, /frame-ancestors 'none'/)
  assert.doesNotMatch(policy, /unsafe/)
  const page = await response.text()
  assert.doesNotMatch(page, /<script(?![^>]*\ssrc=)/)
  const frame = desktop.page.locator(`iframe[data-channel=${PHONE}]`)
  assert.equal(await frame.getAttribute('allow'), 'microphone; autoplay; clipboard-write')
  assert.equal(
    await frame.getAttribute('sandbox'),
    'allow-scripts allow-same-origin allow-popups allow-forms',
    'no top navigation',
  )
  assert.equal(await frame.getAttribute('referrerpolicy'), 'strict-origin-when-cross-origin')
})

test('the desktop answers greetings of its frames from their own origin only', async () => {
  const lines = (await desktop.page.evaluate(`(() => {
    let made = 0
    const Real = MessageChannel
    window.MessageChannel = class extends Real { constructor() { super(); made++ } }
    const frame = document.querySelector('iframe[data-channel]')
    const hello = { standdown: 'hello', version: 1, nonce: 'n' }
    const say = init => {
      const before = made
      window.dispatchEvent(new MessageEvent('message', init))
      return made - before
    }
    const source = frame.contentWindow
    const origin = frame.dataset.origin
    const answers = {
      right: say({ source, origin, data: hello }),
      wrongOrigin: say({ source, origin: 'https://evil.example', data: hello }),
      otherPort: say({ source, origin: origin.replace(/\\d+$/, '1'), data: hello }),
      wrongWindow: say({ source: window, origin, data: hello }),
      noWindow: say({ source: null, origin, data: hello }),
      nonsense: say({ source, origin, data: 'hello' }) + say({ source, origin, data: null }),
    }
    window.MessageChannel = Real
    return answers
  })()`)) as object
  assert.deepEqual(lines, {
    right: 1,
    wrongOrigin: 0,
    otherPort: 0,
    wrongWindow: 0,
    noWindow: 0,
    nonsense: 0,
  })
})

test('the script talks to its host only: framed by another page, its calls fail and that page hears nothing', async t => {
  const { server } = world
  const widget = `<!doctype html><script src="${server.url}/webresources/Widget/msdyn_ciLibrary.js"
    data-crmurl="${server.url}"></script>`
  const evil = createServer((request, response) => {
    response.setHeader('content-type', 'text/html')
    const frame = `<iframe src="http://localhost:${(evil.address() as AddressInfo).port}/widget"></iframe>`
    const spy = `<!doctype html><script>heard = []; onmessage = message => {
      heard.push(message.data)
      // It answers as a host would, from the wrong origin.
      const { port1, port2 } = new MessageChannel()
      message.source.postMessage({ standdown: 'welcome', version: 1, nonce: message.data.nonce }, '*', [port2])
    }</script>${frame}`
    response.end(request.url === '/widget' ? widget : spy)
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  evil.listen(0, '127.0.0.1', resolve)
  await promise
  t.after(() => evil.closeAllConnections())
  t.after(() => evil.close())

  const page = await context.newPage()
  await page.clock.install()
  await page.goto(`http://127.0.0.1:${(evil.address() as AddressInfo).port}/`)
  const frame = page.frames().find(each => each.url().endsWith('/widget'))
  assert.ok(frame)
  await frame.waitForFunction(() => 'Microsoft' in globalThis)
  const failed = frame.evaluate(`Microsoft.CIFramework.notifyEvent({ templateName: 'contoso_auto' })
    .then(() => 'resolved', error => error.message)`)
  await page.clock.runFor(31_000)
  assert.equal(await failed, 'RejectAfterClientError', 'it never hangs')
  assert.deepEqual(await page.evaluate('heard'), [])
  await page.close()
})

test("another origin's page cannot use the agent's session", async () => {
  const cookies = await context.cookies(world.server.url)
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  const post = (headers: Record<string, string>) =>
    fetch(`${world.server.url}/api/v1/notifications/cancel`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ channel: PHONE, cancellationToken: 'x' }),
    })
  assert.equal((await post({ origin: world.server.url })).status, 200)
  assert.equal((await post({ origin: world.server.softphoneUrl ?? '' })).status, 403)
  assert.equal((await post({ origin: 'null' })).status, 403)
  assert.equal((await post({})).status, 403)
  assert.equal((await post({ cookie: '' })).status, 401)
})
