// The script in a provider's page: how it loads, the shapes of results and errors as clients in the field read them, and
// that no method ever hangs.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { BrowserContext } from 'playwright-core'
import { type Desktop, type DesktopWorld, desktopWorld } from './desktop-world.ts'

let world: DesktopWorld
let context: BrowserContext
let desktop: Desktop

before(async () => {
  world = await desktopWorld()
  context = await world.newContext()
  desktop = await world.signIn(context)
})
after(() => world?.[Symbol.asyncDispose]())

/** How the promise that `expression` makes is rejected, as a provider's page sees it. */
function rejection(expression: string): Promise<unknown> {
  return desktop.phone.evaluate(`${expression}.then(() => 'resolved', error => ({
    isError: error instanceof Error, message: error.message, msdyn_name: error.msdyn_name,
    text: JSON.parse(String(error)), json: JSON.parse(JSON.stringify(error)),
  }))`)
}

function documented(message: string, msdynName: string) {
  const both = { message, msdyn_name: msdynName }
  return { isError: true, ...both, text: both, json: both }
}

test('the result: its JSON is the documented sample, and the two names and its text serve clients that parse it', async () => {
  const result =
    await desktop.phone.evaluate(`Microsoft.CIFramework.notifyEvent({ templateName: 'contoso_auto' }).then(
    result => ({
      json: JSON.stringify(result), keys: Object.keys(result), actionName: result.actionName,
      responseReason: result.responseReason, parsed: JSON.parse(result),
    }))`)
  assert.deepEqual(result, {
    json: '{"value":{"actionName":"Accept","responseReason":"AutoAccept"}}',
    keys: ['value'],
    actionName: 'Accept',
    responseReason: 'AutoAccept',
    parsed: { actionName: 'Accept', responseReason: 'AutoAccept' },
  })
})

test('input may be the JSON of an object', async () => {
  const { value } = await desktop.notify('{"templateName":"contoso_auto","templateParameters":{}}').ended
  assert.equal(value.responseReason, 'AutoAccept')
})

test('errors of notifyEvent, by their documented names', async () => {
  const notify = (input: string) => rejection(`Microsoft.CIFramework.notifyEvent(${input})`)
  assert.deepEqual(
    await notify("{ templateName: 'contoso_none' }"),
    documented('NotificationTemplateNotFoundError', 'NotifyEvent'),
  )
  for (const input of [
    '',
    'null',
    '42',
    '[]',
    '"no JSON"',
    '{}',
    "{ templateName: '' }",
    "{ templateName: 'contoso_auto', cancellationToken: 7 }",
    "{ templateName: 'contoso_auto', cancellationToken: 'x'.repeat(501) }",
  ]) {
    assert.deepEqual(await notify(input), documented('RejectAfterClientError', 'NotifyEvent'), input)
  }
})

test('what a template cannot show never loses the call', async () => {
  for (const parameters of [
    "'text'",
    '\'{"number":"7"}\'',
    '[1]',
    '{ a: { b: 1 } }',
    '{ number: null, f() {}, s: Symbol() }',
    '{ number: 1n }',
    "{ get number() { throw new Error('mine') } }",
    "{ number: 'a\\u0000b' }",
    "{ number: 'cut \\ud83d' }",
    "{ constructor: 'x', 'two words': 'y' }",
    'JSON.parse(\'{"__proto__":"x"}\')',
    "Object.fromEntries(Array.from({ length: 251 }, (_, i) => ['p' + i, 'x']))",
    "Object.fromEntries(Array.from({ length: 500 }, (_, i) => ['p' + i, 'x'.repeat(9000)]))",
  ]) {
    const value = await desktop.phone.evaluate(
      `Microsoft.CIFramework.notifyEvent({ templateName: 'contoso_auto', templateParameters: ${parameters}, cancellationToken: 'cut \\ud83d' })`,
    )
    assert.deepEqual(value, { value: { actionName: 'Accept', responseReason: 'AutoAccept' } }, parameters)
  }
})

test('errors of cancelEvent', async () => {
  for (const token of ['', 'null', "''", '{}', '7'])
    assert.deepEqual(
      await rejection(`Microsoft.CIFramework.cancelEvent(${token})`),
      documented('RejectAfterClientError', 'CancelEvent'),
      token,
    )
})

test('cancelEvent answers with the token itself, and takes any correlationId', async () => {
  for (const correlation of ['', ", 'no guid'", ", 'x'.repeat(5000)", ', {}'])
    assert.equal(
      await desktop.phone.evaluate(
        `Microsoft.CIFramework.cancelEvent('t1'${correlation}).then(result => result === 't1')`,
      ),
      true,
    )
})

test('mode, width and click-to-act: kept, answered as documented, and the frame follows', async () => {
  const seen = await desktop.phone.evaluate(`(async () => {
    const cif = Microsoft.CIFramework
    const modes = []
    for (const mode of [0, 2, 1]) modes.push([await cif.setMode(mode), await cif.getMode()])
    return {
      modes,
      click: [await cif.setClickToAct(true), await cif.getClickToAct()],
      narrow: (await cif.setWidth(299)) === (await cif.getWidth()),
      width: [await cif.setWidth(400), await cif.getWidth()],
    }
  })()`)
  assert.deepEqual(seen, {
    modes: [
      [0, 0],
      [2, 2],
      [1, 1],
    ],
    click: [null, true],
    narrow: true,
    width: (seen as { width: unknown }).width,
  })
  const frame = desktop.page.locator('iframe[data-channel]').first()
  for (const [mode, visible, minimized] of [
    [2, false, false],
    [0, true, true],
    [1, true, false],
  ] as const) {
    await desktop.phone.evaluate(`Microsoft.CIFramework.setMode(${mode})`)
    assert.deepEqual(
      [await frame.isVisible(), await frame.evaluate(each => each.classList.contains('minimized'))],
      [visible, minimized],
      String(mode),
    )
  }
  for (const mode of ['3', '"1"', 'null', 'NaN', ''])
    assert.deepEqual(
      await rejection(`Microsoft.CIFramework.setMode(${mode})`),
      documented('RejectAfterClientError', 'SetMode'),
    )
})

test('presence is a text of the list: true when it is set, false for another, and every change is told', async () => {
  const seen = await desktop.phone.evaluate(`(async () => {
    const cif = Microsoft.CIFramework
    const heard = []
    const changed = new Promise(resolve =>
      cif.addHandler('onPresencechange', text => resolve(JSON.parse(text).presenceInfo.presenceText)))
    const set = []
    for (const text of ['Busy', 'busy', '', undefined, { status: 'Busy' }]) set.push(await cif.setPresence(text))
    return { set, heard: await changed, now: await cif.getPresence(), back: await cif.setPresence('Available') }
  })()`)
  assert.deepEqual(seen, { set: [true, false, false, false, false], heard: 'Busy', now: 'Busy', back: true })
})

test('the environment names the agent, the organisation and the app', async () => {
  const environment = JSON.parse(
    (await desktop.phone.evaluate('Microsoft.CIFramework.getEnvironment()')) as string,
  )
  assert.equal(environment.clientUrl, world.server.url)
  assert.match(environment.userId, /^\{[0-9A-F-]{36}\}$/)
  assert.deepEqual(
    [environment.username, environment.orgUniqueName, environment.customParams],
    ['Dana Dufour', 'contoso', null],
  )
})

test("events of the page's own: a Map, names in any case, and a handler that throws keeps nobody from hearing", async () => {
  const seen = await desktop.phone.evaluate(`(async () => {
    const cif = Microsoft.CIFramework
    const heard = []
    const hear = map => heard.push([map.size, map.get('value'), map.get('correlationId')])
    await cif.addHandler('myEvent', () => { throw new Error('mine') })
    await cif.addHandler('myEvent', async () => { throw new Error('mine too') })
    await cif.addHandler('MYEVENT', hear)
    const raised = [await cif.raiseEvent('myevent', '{"a":1}', 'c-1'), await cif.raiseEvent('nobody hears it')]
    const removed = [await cif.removeHandler('myEvent', hear), await cif.removeHandler('myEvent', hear)]
    await cif.raiseEvent('myEvent', 'not heard')
    return { heard, raised, removed }
  })()`)
  assert.deepEqual(seen, {
    heard: [[2, '{"a":1}', 'c-1']],
    raised: [true, true],
    removed: [true, false],
  })
  for (const name of ["'onclicktoact'", "'onSessionClosed'", "''", '7', ''])
    assert.deepEqual(
      await rejection(`Microsoft.CIFramework.raiseEvent(${name})`),
      documented('RejectAfterClientError', 'RaiseEvent'),
    )
})

test('every name of the reference is there: none throws at the call, each settles', async () => {
  const refused =
    (await desktop.phone.evaluate(`Promise.all(Object.keys(Microsoft.CIFramework).map(async name => {
    const promise = Microsoft.CIFramework[name]()
    try { await promise; return [name] } catch (error) { return [name, error.message, error.msdyn_name] }
  }))`)) as (readonly [string] | readonly [string, string, string])[]
  const answers = new Map(refused.map(([name, ...error]) => [name, error]))
  for (const name of [
    'createSession',
    'getFocusedSession',
    'closeTab',
    'getFocusedTab',
    'notifyKpiBreach',
    'notifyKPIBreach',
  ])
    assert.deepEqual(answers.get(name), ['NotSupported', name[0]?.toUpperCase() + name.slice(1)], name)
  for (const name of ['logAnalyticsEvent', 'initLogAnalytics', 'getPresence', 'getWidth', 'getMode'])
    assert.deepEqual(answers.get(name), [], name)
  assert.deepEqual(
    await desktop.phone.evaluate(
      `Microsoft.CIFramework.updateConversation('c-1', '{"subject":"S"}').then(JSON.parse)`,
    ),
    { id: 'c-1' },
  )
})

test('without a desktop CIFInitDone never comes: a page that is opened by itself may fall back', async () => {
  const page = await desktop.page.context().newPage()
  try {
    await page.goto(`${world.server.url}/signin`)
    const seen = await page.evaluate(`(async () => {
      let ready = 0
      addEventListener('CIFInitDone', () => ready++)
      const script = Object.assign(document.createElement('script'), { src: '/webresources/Widget/msdyn_ciLibrary.js' })
      const loaded = new Promise(resolve => { script.onload = resolve })
      document.head.append(script)
      await loaded
      const error = await Microsoft.CIFramework.getMode().catch(error => error.message)
      await Microsoft.CIFramework.getWidth().catch(() => {})
      return [error, ready]
    })()`)
    assert.deepEqual(seen, ['RejectAfterClientError', 0])
  } finally {
    await page.close()
  }
})

test('served under any spelling; the ready event comes once; what is in window.Microsoft stays', async () => {
  for (const path of ['/webresources/Widget/msdyn_ciLibrary.js', '/WebResources/widget/msdyn_cilibrary.js']) {
    const response = await fetch(world.server.url + path)
    assert.equal(response.status, 200)
    assert.match(response.headers.get('content-type') ?? '', /^text\/javascript/)
    assert.equal(response.headers.get('cross-origin-resource-policy'), 'cross-origin')
    const again = await fetch(world.server.url + path, {
      headers: { 'if-none-match': response.headers.get('etag') ?? '' },
    })
    assert.equal(again.status, 304)
  }
  assert.equal((await fetch(`${world.server.url}/webresources/Widget/other.js`)).status, 404)

  const src = `${world.server.url}/WebResources/Widget/msdyn_cilibrary.js`
  const seen = await desktop.phone.evaluate(`(async () => {
    let ready = 0
    addEventListener('CIFInitDone', () => ready++)
    const load = () => new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement('script'), { src: ${JSON.stringify(src)} })
      script.onload = resolve
      script.onerror = reject
      document.head.append(script)
    })
    const before = Microsoft.CIFramework
    await load()
    const kept = before === Microsoft.CIFramework
    window.Microsoft = { Mine: 1 }
    const initialised = new Promise(resolve => addEventListener('CIFInitDone', resolve, { once: true }))
    // The listener comes in the load event's promise, as some clients have it.
    await load()
    await initialised
    return { ready, kept, mine: Microsoft.Mine, both: typeof Microsoft.CIFramework.notifyEvent }
  })()`)
  assert.deepEqual(seen, { ready: 1, kept: true, mine: 1, both: 'function' })
})
