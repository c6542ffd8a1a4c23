// An agent desktop in a real browser on a whole running server, with the demo's soft-phone in its frame.

import { readFileSync } from 'node:fs'
import type { BrowserContext, Frame, Page } from 'playwright-core'
import type { ScreenView } from '../../wire/src/agent-screen.ts'
import { testBrowser } from '../support/browser.ts'
import { DEMO_TENANT, type TestServer, testServer } from '../support/server.ts'

export const PHONE = 'demo_softphone'

const DEMO = new URL('../../examples/workspace.yaml', import.meta.url)
const TEMPLATES = `    templates:
      - { uniqueName: contoso_call, title: "Call from {number}", timeoutSeconds: 30 }
      - { uniqueName: contoso_auto, title: Taken at once, autoAccept: true }
      - uniqueName: contoso_rich
        title: "{customerName} asks"
        theme: light
        acceptText: Take it
        rejectText: Not me
        fields: [{ header: Question, value: "{question}" }, { header: Language, value: "{visitorLanguage}" }]
`

export type Outcome = { readonly value: { readonly actionName: string; readonly responseReason: string } }

export type Desktop = {
  readonly page: Page
  readonly phone: Frame
  /** Waits until the card has this title; null: until there is none. */
  card(title: string | null): Promise<void>
  answer(answer: 'accept' | 'reject'): Promise<void>
  /** Calls notifyEvent in the provider's page; resolves when the server has the offer, `ended` when that has ended. */
  notify(input: unknown, ...more: readonly unknown[]): { readonly ended: Promise<Outcome> }
  cancel(...args: readonly unknown[]): Promise<unknown>
  receipt(token: string): Promise<{ readonly counts: Readonly<Record<string, number>> } | null>
}

export type DesktopWorld = AsyncDisposable & {
  readonly server: TestServer
  readonly from: string
  /** A browser of its own with nobody signed in. */
  newContext(): Promise<BrowserContext>
  /** Signs dana in, and opens the desktop. */
  signIn(context: BrowserContext): Promise<Desktop>
  open(context: BrowserContext, path?: string): Promise<Desktop>
  /** The agent's screen as the API says it. */
  screen(): Promise<ScreenView>
  /** Rejects whatever is still open, so that the next test begins with nothing. */
  clear(): Promise<void>
}

/** `channels`: YAML items beside the soft-phone. */
export async function desktopWorld(channels = ''): Promise<DesktopWorld> {
  await using undo = new AsyncDisposableStack()
  const server = undo.use(await testServer())
  const { browser, from } = undo.use(await testBrowser())
  const text = readFileSync(DEMO, 'utf8').replace('    templates:\n', TEMPLATES) + channels
  await server.server.workspace.apply(text, { apply: true, demo: true })
  const all = undo.move()

  const token = await server.personToken('dana')
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const api = async (method: string, path: string): Promise<ScreenView> => {
    const response = await fetch(`${server.url}/api/v1/notifications${path}`, { method, headers })
    return (await response.json()) as ScreenView
  }

  const world: DesktopWorld = {
    server,
    from,
    async newContext() {
      const context = await browser.newContext()
      context.setDefaultTimeout(20_000)
      return context
    },
    async signIn(context) {
      const dana = await server.server.auth.directory.user(DEMO_TENANT, 'dana@contoso.example')
      if (!dana) throw new Error('the demo has no dana')
      const link = await server.server.auth.sessions.makeLink(dana)
      const page = await context.newPage()
      await page.goto(`${server.url}${link}&return_to=%2Fagent`)
      await page.getByRole('button', { name: 'Sign in as' }).click()
      await page.waitForURL(`${server.url}/agent`)
      return desktopOn(page)
    },
    async open(context, path = '/agent') {
      const page = await context.newPage()
      await page.goto(server.url + path)
      return desktopOn(page)
    },
    screen: () => api('GET', '/screen'),
    async clear() {
      // Those in line come to the screen one after another.
      for (;;) {
        const { displayed, openIds } = await api('GET', '/screen')
        if (openIds.length === 0) return
        if (displayed) await api('POST', `/offers/${displayed.id}/reject`)
      }
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
  return world
}

/** The desktop in a page that has been opened or loaded anew, once its screen and its channel are there. */
export async function desktopOn(page: Page, channel = PHONE): Promise<Desktop> {
  await page.waitForSelector('html[data-ready=yes]')
  const frame = await (await page.waitForSelector(`iframe[data-channel=${channel}]`)).contentFrame()
  if (!frame) throw new Error('the channel has no frame')
  await frame.waitForFunction(() => 'Microsoft' in globalThis)
  const call = (method: string, args: readonly unknown[]) =>
    frame.evaluate(`Microsoft.CIFramework.${method}(...${JSON.stringify(args)})`)
  return {
    page,
    phone: frame,
    async card(title) {
      if (title === null) await page.waitForSelector('#screen article', { state: 'detached' })
      else await page.getByRole('article', { name: title, exact: true }).waitFor()
    },
    answer: answer => press(page, answer),
    notify(input, ...more) {
      const ended = call('notifyEvent', [input, ...more]) as Promise<Outcome>
      // Whoever does not wait for it is not told of a page that was closed meanwhile.
      ended.catch(() => {})
      return { ended }
    },
    cancel: (...args) => call('cancelEvent', args),
    receipt: token =>
      frame.evaluate(`Standdown.receipt(${JSON.stringify(token)})`) as Promise<{
        counts: Readonly<Record<string, number>>
      } | null>,
  }
}

/** As an agent does it: the mouse comes over the card and moves there; the card is not new any more. */
async function press(page: Page, answer: string): Promise<void> {
  const button = page.locator(`#screen article[data-answerable] [data-answer=${answer}]`)
  await button.waitFor()
  const box = await button.boundingBox()
  if (!box) throw new Error(`there is no ${answer}`)
  await page.mouse.move(box.x + 4, box.y + box.height / 2)
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 4 })
  await button.click()
}

export const accept = { value: { actionName: 'Accept', responseReason: 'Accept' } }
export const autoAccept = { value: { actionName: 'Accept', responseReason: 'AutoAccept' } }
export const declined = { value: { actionName: 'Reject', responseReason: 'DeclinedByAgent' } }
export const queueFull = { value: { actionName: 'Reject', responseReason: 'NotificationQueueLimitExceeded' } }
export const queueTime = {
  value: { actionName: 'Reject', responseReason: 'NotificationQueueTimeLimitExceeded' },
}
export const displayTime = { value: { actionName: 'Timeout', responseReason: 'DisplayTimeout' } }
export const cancelled = { value: { actionName: 'Cancel', responseReason: 'Cancelled' } }
