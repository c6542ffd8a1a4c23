// notifyEvent and cancelEvent in a real browser, from a provider's page in its frame to the agent's click: every outcome
// that the documentation lists, and its two examples as they stand.

import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import type { BrowserContext } from 'playwright-core'
import {
  accept,
  autoAccept,
  cancelled,
  type Desktop,
  type DesktopWorld,
  declined,
  desktopOn,
  desktopWorld,
  displayTime,
  queueFull,
  queueTime,
} from './desktop-world.ts'

let world: DesktopWorld
let context: BrowserContext
let desktop: Desktop

before(async () => {
  world = await desktopWorld()
  context = await world.newContext()
  desktop = await world.signIn(context)
})
afterEach(() => world.clear())
after(() => world?.[Symbol.asyncDispose]())

const call = (number: string, cancellationToken?: string) => ({
  templateName: 'contoso_call',
  templateParameters: { number },
  cancellationToken,
})

/** The newest line of the soft-phone's log, once it has as many. */
async function phoneSays(count: number): Promise<string> {
  await desktop.phone.waitForSelector(`#log li:nth-child(${count})`)
  return (await desktop.phone.textContent('#log li')) ?? ''
}

test("the documentation's notifyEvent example, unchanged: accepted", async () => {
  await desktop.phone.click('#call')
  await desktop.page.waitForSelector('#screen article')
  await desktop.answer('accept')
  assert.equal(await phoneSays(1), '{"value":{"actionName":"Accept","responseReason":"Accept"}}')
  await desktop.card(null)
})

test("the documentation's cancelEvent example, unchanged: the offer leaves the screen", async () => {
  await desktop.phone.click('#call')
  await desktop.page.waitForSelector('#screen article')
  await desktop.phone.click('#hang-up')
  await desktop.card(null)
  await phoneSays(3)
  const lines = await desktop.phone.locator('#log li').allTextContents()
  const [one, two] = lines.slice(0, 2).sort()
  assert.match(one ?? '', /^cancellationtoken\d{6}$/)
  assert.equal(two, '{"value":{"actionName":"Cancel","responseReason":"Cancelled"}}')
})

test('rejected', async () => {
  const { ended } = desktop.notify(call('1'))
  await desktop.card('Call from 1')
  await desktop.answer('reject')
  assert.deepEqual(await ended, declined)
  await desktop.card(null)
})

test('not answered in time', async () => {
  const { ended } = desktop.notify(call('2'))
  await desktop.card('Call from 2')
  await world.server.advance(31_000)
  assert.deepEqual(await ended, displayTime)
  await desktop.card(null)
})

test('accepted by its template', async () => {
  assert.deepEqual(await desktop.notify({ templateName: 'contoso_auto' }).ended, autoAccept)
})

test('twelve at once: one is shown, ten wait, the twelfth is turned away; in line, time runs from arrival', async () => {
  const all = await desktop.phone.evaluateHandle(`(() => {
    const settled = []
    for (let i = 1; i <= 12; i++) {
      const input = { templateName: 'contoso_call', templateParameters: { number: String(i) } }
      settled.push(Microsoft.CIFramework.notifyEvent(input))
    }
    return settled
  })()`)
  const end = (i: number) => all.evaluate((settled, at) => (settled as Promise<unknown>[])[at], i - 1)
  assert.deepEqual(await end(12), queueFull)
  await desktop.card('Call from 1')
  await desktop.page.getByText('10 more are waiting').waitFor()
  await desktop.answer('accept')
  assert.deepEqual(await end(1), accept)
  await desktop.card('Call from 2')
  await world.server.advance(31_000)
  assert.deepEqual(await end(3), queueTime)
  assert.deepEqual(await end(11), queueTime)
  assert.deepEqual(await end(2), displayTime)
})

test('cancelled while displayed, and while in line', async () => {
  const first = desktop.notify(call('first', 'token-first'))
  await desktop.card('Call from first')
  const second = desktop.notify(call('second', 'token-second'))
  const third = desktop.notify(call('third', 'token-third'))
  await desktop.page.getByText('2 more are waiting').waitFor()

  assert.equal(await desktop.cancel('token-second'), 'token-second')
  assert.deepEqual(await second.ended, cancelled)
  await desktop.card('Call from first')
  assert.equal(await desktop.cancel('token-first', 'not a guid'), 'token-first')
  assert.deepEqual(await first.ended, cancelled)
  await desktop.card('Call from third')
  assert.equal((await desktop.receipt('token-first'))?.counts.stopped, 1)
  await desktop.answer('accept')
  assert.deepEqual(await third.ended, accept)
})

test('cancelled first, notified later: nothing is shown', async () => {
  await desktop.cancel('token-early')
  assert.deepEqual(await desktop.notify(call('early', 'token-early')).ended, cancelled)
  assert.deepEqual((await world.screen()).openIds, [])
})

test('the token as third argument; two different ones, either of which cancels', async () => {
  for (const token of ['in-input', 'third']) {
    const { ended } = desktop.notify(call(token, 'in-input'), null, 'third')
    await desktop.card(`Call from ${token}`)
    await desktop.cancel(token)
    assert.deepEqual(await ended, cancelled)
  }
})

test('a cancel that comes too late is no error, and its receipt says what had happened', async () => {
  const { ended } = desktop.notify(call('late', 'token-late'))
  await desktop.card('Call from late')
  await desktop.answer('accept')
  await ended
  assert.equal(await desktop.cancel('token-late'), 'token-late')
  assert.equal(await desktop.cancel('token-never-seen'), 'token-never-seen')
  const counts = (await desktop.receipt('token-late'))?.counts
  assert.equal(counts?.stopped, 0)
  assert.equal(counts?.prevented, 0)
})

test('a reload keeps the offer, and the same token joins it again', async () => {
  desktop.notify(call('kept', 'token-kept'))
  await desktop.card('Call from kept')
  await desktop.page.reload()
  desktop = await desktopOn(desktop.page)
  await desktop.card('Call from kept')
  const open = await desktop.phone.evaluate("Standdown.openOffers('token-kept')")
  assert.equal((open as readonly unknown[]).length, 1)
  const { ended } = desktop.notify(call('kept', 'token-kept'))
  await desktop.answer('accept')
  assert.deepEqual(await ended, accept)
  assert.deepEqual((await world.screen()).openIds, [])
})

test('two tabs show one offer and stay in step; both pages that announced it hear how it ended', async () => {
  const other = await world.open(context)
  const one = desktop.notify(call('both', 'token-both'))
  await desktop.card('Call from both')
  await other.card('Call from both')
  const two = other.notify(call('both', 'token-both'))
  await other.answer('accept')
  assert.deepEqual(await one.ended, accept)
  assert.deepEqual(await two.ended, accept)
  await desktop.card(null)
  await other.card(null)
  await other.page.close()
})

test('with more tabs than a browser has connections, each shows the offer, and the last one may answer', async () => {
  const others: Desktop[] = []
  for (let i = 0; i < 7; i++) others.push(await world.open(context))
  const { ended } = desktop.notify(call('many', 'token-many'))
  for (const tab of others) await tab.card('Call from many')
  // The tab that held the stream for all is gone: another one takes over.
  await desktop.page.close()
  desktop = others[0]!
  const joined = others[5]!.notify(call('many', 'token-many'))
  await others[6]!.answer('accept')
  assert.deepEqual(await joined.ended, accept)
  for (const tab of others) await tab.card(null)
  await Promise.allSettled([ended])
  for (const tab of others.slice(1)) await tab.page.close()
})
