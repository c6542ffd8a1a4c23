// What the agent's desktop shows when its person may not see it any more.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { DEMO_TENANT } from '../support/server.ts'
import { type DesktopWorld, desktopWorld } from './desktop-world.ts'

let world: DesktopWorld
before(async () => {
  world = await desktopWorld()
})
after(() => world?.[Symbol.asyncDispose]())

const state = (page: Page, text: string) => page.locator('#link', { hasText: text }).waitFor()

/** In a tab of its own, as somebody would. */
async function atSignIn(context: BrowserContext, button: string): Promise<void> {
  const page = await context.newPage()
  await page.goto(`${world.server.url}/signin`)
  await Promise.all([
    page.waitForURL(url => url.pathname !== '/signin'),
    page.getByRole('button', { name: button }).click(),
  ])
  await page.close()
}

test('signed out in one tab, all desktops of the browser say so, show no offer, and come back with their person', async () => {
  const context = await world.newContext()
  const desktop = await world.signIn(context)
  const second = await world.open(context)
  desktop.notify({ templateName: 'contoso_call', templateParameters: { number: '1017' } })
  for (const each of [desktop, second]) await each.card('Call from 1017')

  await atSignIn(context, 'Sign out')
  for (const each of [desktop, second]) {
    await state(each.page, 'signed out')
    await each.card(null)
    const link = each.page.getByRole('link', { name: 'Sign in' })
    await link.waitFor()
    assert.equal(await link.getAttribute('href'), '/signin?return_to=%2Fagent')
    assert.equal(await each.page.title(), 'Agent desktop')
  }

  await atSignIn(context, 'Bob Berger')
  assert.equal(await desktop.page.textContent('#link'), 'signed out', 'not as somebody else')
  await atSignIn(context, 'Dana Dufour')
  for (const each of [desktop, second]) {
    await state(each.page, 'connected')
    await each.card('Call from 1017')
    assert.equal(await each.page.locator('#sign-in').isVisible(), false)
  }
  await desktop.answer('reject')
  await world.clear()
  await context.close()
})

test('revoked, the desktop says so too', async () => {
  const context = await world.newContext()
  const desktop = await world.signIn(context)
  await state(desktop.page, 'connected')
  await world.server.server.auth.revokePerson(DEMO_TENANT, 'dana@contoso.example')
  await state(desktop.page, 'signed out')
  await context.close()
})
