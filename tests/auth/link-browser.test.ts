// A sign-in link in a real browser: its page works under our policy, signs in when it is confirmed, and by nothing else.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type TestBrowser, testBrowser } from '../support/browser.ts'
import { type HttpReceiver, httpReceiver } from '../support/http-receiver.ts'
import { CALLBACK, NILS, NORA, northwind, OidcFlow, TENANT } from './oidc-flow.ts'

let flow: OidcFlow
let browser: TestBrowser
let elsewhere: HttpReceiver
before(async () => {
  elsewhere = await httpReceiver()
  flow = await OidcFlow.open(northwind({ redirectUris: [CALLBACK, 'http://127.0.0.1/callback'] }))
  browser = await testBrowser()
})
after(async () => {
  await browser?.[Symbol.asyncDispose]()
  await flow?.[Symbol.asyncDispose]()
  await elsewhere?.close()
})

const linkFor = async (upn: string) =>
  flow.server.auth.sessions.makeLink(await flow.server.auth.person(TENANT, upn))

/** Who the browser's cookie says that it is. */
async function whoIs(page: { request: { get(url: string): Promise<{ json(): Promise<unknown> }> } }) {
  return ((await (await page.request.get(`${flow.server.url}/session`)).json()) as { upn?: string }).upn
}

test('it is confirmed on a page of ours, and the person after the first one is signed in too', async () => {
  const context = await browser.browser.newContext()
  const page = await context.newPage()
  const blocked: string[] = []
  page.on('console', message => {
    if (message.text().includes('Content Security Policy')) blocked.push(message.text())
  })
  for (const [upn, name] of [
    [NORA, 'nora'],
    [NILS, 'nils'],
  ] as const) {
    await page.goto(`${flow.server.url}${await linkFor(upn)}&return_to=%2Fsession`)
    assert.notEqual(await whoIs(page), upn, 'not yet')
    await page.getByRole('button', { name: `Sign in as ${name}` }).click()
    await page.waitForURL(`${flow.server.url}/session`)
    assert.equal(await whoIs(page), upn)
  }
  assert.deepEqual(blocked, [])
  await context.close()
})

test('in the middle of an app’s sign-in it leads on to the app', async () => {
  const context = await browser.browser.newContext()
  const page = await context.newPage()
  const callback = `${elsewhere.url}/callback`
  await page.goto(flow.authorizationUrl('openid', { redirect_uri: callback }))
  const next = new URL(page.url()).searchParams.get('return_to') ?? ''
  assert.match(next, /^\/oidc\/interaction\//)
  await page.goto(`${flow.server.url}${await linkFor(NILS)}&return_to=${encodeURIComponent(next)}`)
  await page.getByRole('button', { name: 'Sign in as nils' }).click()
  await page.waitForURL(url => url.href.startsWith(callback))
  assert.ok(new URL(page.url()).searchParams.get('code'))
  await context.close()
})

test('a page elsewhere signs nobody in with it: not by a form, a frame, an image, or by going there', async () => {
  const context = await browser.browser.newContext()
  const link = await linkFor(NORA)
  const code = new URL(link, flow.server.url).searchParams.get('code')
  const at = `${flow.server.url}${link}`
  elsewhere.answer = () => ({
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: `<img src="${at}"><iframe src="${at}"></iframe><link rel="prefetch" href="${at}">
<form id="f" method="post" action="${flow.server.url}/signin"><input name="code" value="${code}"></form>`,
  })
  const page = await context.newPage()
  await page.goto(`${elsewhere.url}/evil`, { waitUntil: 'load' })
  assert.equal(await whoIs(page), undefined)
  const answered = page.waitForResponse(response => response.request().method() === 'POST')
  // The answer is here before its page is, and a page on its way would interrupt the next one.
  const shown = page.waitForURL(`${flow.server.url}/signin`)
  await page.evaluate("document.getElementById('f').submit()")
  assert.equal((await answered).status(), 403)
  await shown
  assert.equal(await whoIs(page), undefined)
  await page.goto(at)
  assert.equal(await whoIs(page), undefined)
  await page.getByRole('button', { name: 'Sign in as nora' }).click()
  await page.waitForURL(`${flow.server.url}/`)
  assert.equal(await whoIs(page), NORA, 'and nothing of it used the link up')
  await context.close()
})
