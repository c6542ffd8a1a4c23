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

test('every other method settles: a small honest answer, or a clear refusal', async () => {
  const answers = (await desktop.phone.evaluate(`(async () => {
    const cif = Microsoft.CIFramework
    const heard = []
    await cif.addHandler('onmodechanged', detail => heard.push(detail))
    await cif.setMode(0)
    const mode = await cif.getMode()
    await cif.removeHandler('onmodechanged')
    await cif.setMode(1)
    await cif.setClickToAct(true)
    await cif.setPresence({ status: 'Busy' })
    return {
      mode, heard: heard[0], click: await cif.getClickToAct(), presence: await cif.getPresence(),
      environment: JSON.parse(await cif.getEnvironment()),
    }
  })()`)) as { environment: { clientUrl: string } }
  assert.deepEqual(answers, {
    mode: 0,
    heard: '{"value":0}',
    click: true,
    presence: { status: 'Busy' },
    environment: answers.environment,
  })
  assert.equal(answers.environment.clientUrl, world.server.url)

  const refused =
    (await desktop.phone.evaluate(`Promise.all(Object.keys(Microsoft.CIFramework).map(async name => {
    try { await Microsoft.CIFramework[name](); return null } catch (error) { return [name, error.message, error.msdyn_name] }
  }))`)) as ([string, string, string] | null)[]
  const names = refused.filter(each => each?.[1] === 'NotSupported').map(each => each?.[0])
  for (const name of ['createSession', 'getFocusedSession', 'searchAndOpenRecords', 'updateConversation'])
    assert.ok(names.includes(name), name)
  assert.deepEqual(refused.find(each => each?.[0] === 'createSession')?.[2], 'CreateSession')
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
