// The issuer's pages in a real browser: none of them stays blank because of our own policy.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { BrowserContext } from 'playwright-core'
import { type TestBrowser, testBrowser } from '../support/browser.ts'
import { type HttpReceiver, httpReceiver } from '../support/http-receiver.ts'
import { NILS, NORA, northwind, OidcFlow } from './oidc-flow.ts'

let flow: OidcFlow
let browser: TestBrowser
let app: HttpReceiver
before(async () => {
  app = await httpReceiver()
  flow = await OidcFlow.open(northwind({ redirectUris: ['http://127.0.0.1/callback'] }))
  browser = await testBrowser()
})
after(async () => {
  await browser?.[Symbol.asyncDispose]()
  await flow?.[Symbol.asyncDispose]()
  await app?.[Symbol.asyncDispose]()
})

const callback = () => `${app.url}/callback`

/** Goes to the app's sign-in, and chooses who that is where one is asked. */
async function signInAt(
  context: BrowserContext,
  upn: string | null,
  more: Record<string, string>,
): Promise<void> {
  const seen = app.requests.length
  const page = await context.newPage()
  await page.goto(flow.authorizationUrl('openid', { redirect_uri: callback(), ...more }))
  if (upn !== null) await page.getByRole('button', { name: upn.split('@')[0] as string }).click()
  await app.arrived(seen + 1)
  // A page that is closed in the middle of a navigation may never be said to be closed.
  await page.waitForURL(url => url.href.startsWith(callback()))
  await page.close()
}

/** What the app was told last, by whichever method. */
function told(): URLSearchParams {
  const { method, path, body } = app.requests.findLast(request => request.path.startsWith('/callback'))!
  return method === 'POST' ? new URLSearchParams(body) : new URL(path, app.url).searchParams
}

async function whoIsThat(): Promise<unknown> {
  const { body } = await flow.redeem(told().get('code') ?? '', callback())
  return (await flow.server.whoami({ authorization: `Bearer ${body.access_token}` })).body.upn
}

test('an answer is posted to an app that wants it so', async () => {
  const context = await browser.browser.newContext()
  await signInAt(context, NORA, { response_mode: 'form_post', state: 'mine' })
  assert.equal(app.requests.at(-1)?.method, 'POST')
  assert.equal(told().get('state'), 'mine')
  assert.equal(await whoIsThat(), NORA)
  await context.close()
})

test('the second person at a browser signs in to the app as the first one did', async () => {
  const context = await browser.browser.newContext()
  await signInAt(context, NORA, {})
  assert.equal(await whoIsThat(), NORA)
  const page = await context.newPage()
  await page.goto(`${flow.server.url}/signin`)
  await page.getByRole('button', { name: 'nils' }).click()
  const prompts: Record<string, string>[] = [{}, { prompt: 'login' }, { prompt: 'consent' }]
  for (const more of prompts) {
    await signInAt(context, null, more)
    assert.equal(await whoIsThat(), NILS, JSON.stringify(more))
  }
  await context.close()
})

test('a person who changes in the middle of it arrives too', async () => {
  const context = await browser.browser.newContext()
  await signInAt(context, NORA, {})
  await context.clearCookies({ name: /^standdown_[0-9a-f]{8}$/ })
  // Nobody is signed in here now: the issuer asks. Nora in one tab, who then gives the browser to Nils.
  const page = await context.newPage()
  const seen = app.requests.length
  await page.goto(flow.authorizationUrl('openid', { redirect_uri: callback(), prompt: 'login' }))
  const other = await context.newPage()
  await other.goto(`${flow.server.url}/signin`)
  await other.getByRole('button', { name: 'nora' }).click()
  await page.getByRole('button', { name: 'nils' }).click()
  await app.arrived(seen + 1)
  assert.equal(await whoIsThat(), NILS)
  await context.close()
})
