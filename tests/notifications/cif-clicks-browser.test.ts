// A click answers the call that was under the pointer when it came to rest, and never the next one that has just appeared there. What
// did not happen is said where the agent looks.

import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { cancelled, type Desktop, type DesktopWorld, desktopWorld } from './desktop-world.ts'

let world: DesktopWorld
let desktop: Desktop

before(async () => {
  world = await desktopWorld()
  desktop = await world.signIn(await world.newContext())
})
afterEach(() => world.clear())
after(() => world?.[Symbol.asyncDispose]())

const call = (number: string) => ({
  templateName: 'contoso_call',
  templateParameters: { number },
  cancellationToken: `token-${number}`,
})

/** Rings twice, and resolves with the place of the first card's accept button, where the mouse lies; that card may be answered. */
async function twoCalls(first: string, second: string) {
  const one = desktop.notify(call(first))
  await desktop.card(`Call from ${first}`)
  const two = desktop.notify(call(second))
  await desktop.page.waitForSelector('#waiting:not([hidden])')
  const button = desktop.page.locator('#screen article[data-answerable] [data-answer=accept]')
  await button.waitFor()
  const box = await button.boundingBox()
  assert.ok(box)
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  await desktop.page.mouse.move(x - 9, y - 9)
  await desktop.page.mouse.move(x, y, { steps: 3 })
  return { one, two, x, y }
}

const said = () => desktop.page.locator('#said').textContent()
const answerable = (title: string) =>
  desktop.page.locator('#screen article[data-answerable]', { hasText: title }).waitFor()

// The pause lies between the second press and its release: a click is what comes at the release.
for (const pauseMs of [0, 60, 200, 500]) {
  test(`two clicks ${pauseMs} ms apart: the first call is answered, the next one is not`, async () => {
    const { one, x, y } = await twoCalls(`a${pauseMs}`, `b${pauseMs}`)
    await desktop.page.mouse.click(x, y)
    await desktop.page.mouse.click(x, y, { delay: pauseMs })
    assert.equal((await one.ended).value.actionName, 'Accept')
    await desktop.card(`Call from b${pauseMs}`)
    await answerable(`Call from b${pauseMs}`)
    assert.equal((await world.screen()).displayed?.title, `Call from b${pauseMs}`)
  })
}

test('withdrawn under the pointer: a click that was meant for it answers nothing, and says so, until the mouse has moved', async () => {
  const { one, two, x, y } = await twoCalls('c1', 'c2')
  await desktop.cancel('token-c1')
  assert.deepEqual(await one.ended, cancelled)
  await desktop.card('Call from c2')
  await desktop.page.mouse.click(x, y)
  await answerable('Call from c2')
  await desktop.page.mouse.click(x, y)
  assert.match((await said()) ?? '', /just appeared/)
  assert.equal((await world.screen()).displayed?.title, 'Call from c2')
  await desktop.page.mouse.move(x - 9, y - 9, { steps: 3 })
  await desktop.page.mouse.click(x, y)
  assert.equal((await two.ended).value.actionName, 'Accept')
})

test('who cannot move the mouse is told, and answers by a press that comes a moment later', async () => {
  const { one, two, x, y } = await twoCalls('m1', 'm2')
  await desktop.cancel('token-m1')
  assert.deepEqual(await one.ended, cancelled)
  await desktop.card('Call from m2')
  await answerable('Call from m2')
  await desktop.page.mouse.click(x, y)
  await desktop.page.mouse.click(x, y, { delay: 200 })
  assert.equal((await world.screen()).displayed?.title, 'Call from m2')
  assert.match((await said()) ?? '', /press again in a moment/)
  await desktop.page.mouse.click(x, y, { delay: 1500 })
  assert.equal((await two.ended).value.actionName, 'Accept')
})

test('a page that greets again and again with one name is answered once, and its connection stays', async () => {
  const answers = await desktop.phone.evaluate(`(async () => {
    const hello = nonce => parent.postMessage({ standdown: 'hello', version: 1, nonce }, ${JSON.stringify(world.server.url)})
    const heard = []
    const last = new Promise(resolve => addEventListener('message', ({ data, ports }) => {
      if (data?.standdown !== 'welcome') return
      heard.push(data.nonce)
      if (data.nonce === 'last') resolve(ports[0])
    }))
    for (let i = 0; i < 20; i++) hello('mine')
    hello('last')
    await last
    return [heard, await Microsoft.CIFramework.getMode()]
  })()`)
  assert.deepEqual(answers, [['mine', 'last'], 1])
})

test('by keyboard a card is answered as soon as it is not new any more, without a mouse', async () => {
  const ringing = desktop.notify(call('k1'))
  await answerable('Call from k1')
  await desktop.page.locator('#screen [data-answer=accept]').press('Enter')
  assert.equal((await ringing.ended).value.actionName, 'Accept')
})

test('an answer that does not reach the server is said in view, and may be given again', async () => {
  const ringing = desktop.notify(call('f1'))
  await answerable('Call from f1')
  await desktop.page.route('**/accept', route => route.abort())
  await desktop.answer('accept')
  await desktop.page.locator('#said', { hasText: 'did not reach the server' }).waitFor()
  await desktop.page.unroute('**/accept')
  await desktop.answer('accept')
  assert.equal((await ringing.ended).value.actionName, 'Accept')
})

test('a tap answers, though nothing moves before it, also in a browser whose clicks do not say what made them', async () => {
  const ringing = desktop.notify(call('t1'))
  await answerable('Call from t1')
  await desktop.page.evaluate(`(() => {
    const button = document.querySelector('#screen [data-answer=accept]')
    button.dispatchEvent(new PointerEvent('pointerdown', { pointerType: 'touch', bubbles: true }))
    button.dispatchEvent(new MouseEvent('click', { detail: 1, bubbles: true }))
  })()`)
  assert.equal((await ringing.ended).value.actionName, 'Accept')
})
