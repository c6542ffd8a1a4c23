// The seed's own examples, verbatim but for host and token, with the unmodified @wix/sdk, @wix/automations and
// @wix/essentials, as programs of their own on this machine's Node.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { DEMO_TENANT, type TestServer, testServer } from '../support/server.ts'

const run = promisify(execFile)
const here = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

let server: TestServer
let folder: string
let env: Record<string, string>
before(async () => {
  server = await testServer()
  // Beside node_modules, so that the programs find the SDK as an application would.
  folder = await mkdtemp(here('node_modules/.standdown-seed-'))
  const credentials = await server.server.auth.credentials(DEMO_TENANT, 'demo-app')
  env = {
    PATH: process.env.PATH ?? '',
    STANDDOWN_URL: server.server.http.publicUrl(),
    TOKEN: await server.appToken(),
    WIX_APP_ID: credentials.clientId,
    WIX_APP_SECRET: credentials.clientSecret!,
    WIX_INSTANCE_ID: credentials.instances[0]!.instanceId,
  }
})
after(async () => {
  await rm(folder, { recursive: true, force: true })
  await server[Symbol.asyncDispose]()
})

async function program(source: string, flags: readonly string[] = []): Promise<string> {
  const file = join(folder, `${randomUUID()}.mjs`)
  await writeFile(file, source)
  const { stdout } = await run(process.execPath, [...flags, file], { env, cwd: here('.') })
  return stdout
}

async function report(externalEntityId: string, triggerKey = 'my_trigger'): Promise<string> {
  const response = await fetch(`${env.STANDDOWN_URL}/automations/v1/events/report`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: env.TOKEN! },
    body: JSON.stringify({ triggerKey, externalEntityId }),
  })
  return ((await response.json()) as { activationIds: string[] }).activationIds[0]!
}

const cancelled = async (id: string) =>
  (await server.server.engine.event(DEMO_TENANT, id))!.cancellationId !== null

test('the curl, its stray word POST included', async () => {
  const id = await report('16ef8c9c-413e-4d5f-b77d-8c67c3c8ae0c')
  const { stdout } = await run(
    'sh',
    [
      '-c',
      `curl POST ${env.STANDDOWN_URL}/automations/v1/events/cancel \\
-H 'Content-Type: application/json;charset=UTF-8' \\
-H 'Authorization: ${env.TOKEN}' \\
-d '{
  "triggerKey": "my_trigger",
  "externalEntityId": "16ef8c9c-413e-4d5f-b77d-8c67c3c8ae0c"
}'`,
    ],
    // What curl makes of the host "POST" is its own affair: no proxy and no name service are asked.
    { env: { ...env, no_proxy: '*', RES_OPTIONS: 'attempts:1 timeout:1' } },
  )
  assert.equal(stdout, '{}')
  assert.ok(await cancelled(id))
})

test('form 1: activations.cancelEvent, with the preload', async () => {
  const entity = randomUUID()
  const id = await report(entity)
  const out = await program(
    `import { activations } from '@wix/automations';
async function cancelEvent(triggerKey,externalEntityId) {
  const response = await activations.cancelEvent(triggerKey,externalEntityId);
  console.log(typeof response);
};
await cancelEvent('my_trigger', '${entity}');
`,
    ['--import', here('examples/wix-preload.mjs')],
  )
  assert.equal(out, 'undefined\n')
  assert.ok(await cancelled(id))
})

test('form 2: auth.elevate(activations.cancelEvent), with the same preload', async () => {
  const entity = randomUUID()
  const id = await report(entity)
  await program(
    `import { activations } from '@wix/automations';
import { auth } from '@wix/essentials';
async function myCancelEventMethod(triggerKey,externalEntityId) {
  const elevatedCancelEvent = auth.elevate(activations.cancelEvent);
  const response = await elevatedCancelEvent(triggerKey,externalEntityId);
}
await myCancelEventMethod('my_trigger', '${entity}');
`,
    ['--import', here('examples/wix-preload.mjs')],
  )
  assert.ok(await cancelled(id))
})

test('form 3: createClient, its fetch pointed here', async () => {
  const entity = randomUUID()
  const id = await report(entity)
  await program(`import { createClient } from '@wix/sdk';
import { activations } from '@wix/automations';
const myWixClient = createClient ({
  modules: { activations },
  auth: { getAuthHeaders: async () => ({ headers: { Authorization: process.env.TOKEN } }) },
  fetch: (url, init) => fetch(url.replace('https://www.wixapis.com', process.env.STANDDOWN_URL), init),
});
async function cancelEvent(triggerKey,externalEntityId) {
  const response = await myWixClient.activations.cancelEvent(triggerKey,externalEntityId);
};
await cancelEvent('my_trigger', '${entity}');
`)
  assert.ok(await cancelled(id))
})

test('form 3 with AppStrategy, both ways to a token, and the other three methods', async () => {
  const credentials = await server.server.auth.credentials(DEMO_TENANT, 'demo-app')
  env.WIX_REFRESH_TOKEN = credentials.instances[0]!.refreshToken
  const out = await program(
    `import { AppStrategy, createClient } from '@wix/sdk'
import { activations } from '@wix/automations'
const { WIX_APP_ID: appId, WIX_APP_SECRET: appSecret, WIX_INSTANCE_ID: instanceId, WIX_REFRESH_TOKEN: refreshToken } = process.env
const at = auth => createClient({ modules: { activations }, auth }).activations
const site = at(AppStrategy({ appId, appSecret, instanceId }))
const refreshed = at(AppStrategy({ appId, appSecret, refreshToken }))
const entity = '${randomUUID()}'
const reported = await site.reportEvent('my_trigger', { payload: { _id: 'x', when: new Date(0) }, externalEntityId: entity })
const bulk = await refreshed.bulkReportEvent('my_trigger', [{ payload: { a: 1 }, externalEntityId: entity }, { payload: { 'not good': 1 } }])
const cancels = await site.bulkCancelEvent('my_trigger', [entity, entity])
const error = await site.cancelEvent('my_trigger', 'no-guid').catch(error => error)
const foreign = await site.cancelEvent('not_mine', entity).catch(error => error)
console.log(JSON.stringify({ reported, bulk, cancels,
  error: { status: error.status, requestId: typeof error.requestId, details: error.details },
  foreign: { status: foreign.status, code: foreign.details.applicationError.code } }))
`,
    ['--import', here('examples/wix-preload.mjs')],
  )
  const { reported, bulk, cancels, error, foreign } = JSON.parse(out)
  assert.equal(reported.activationIds.length, 1)
  assert.deepEqual(bulk.bulkActionMetadata, { totalSuccesses: 1, totalFailures: 1, undetailedFailures: 0 })
  assert.equal(bulk.results[0].activationIds.length, 1)
  assert.deepEqual(cancels.bulkActionMetadata, { totalSuccesses: 2, totalFailures: 0, undetailedFailures: 0 })
  assert.equal(error.status, 400)
  assert.equal(error.requestId, 'string')
  assert.deepEqual(error.details.validationError.fieldViolations[0].violatedRule, 'FORMAT')
  assert.deepEqual(foreign, { status: 403, code: 'PERMISSION_DENIED' })
  assert.ok(await cancelled(reported.activationIds[0]))
  assert.ok(await cancelled(bulk.results[0].activationIds[0]))
})

test('examples/wix-sdk.mjs', async () => {
  const { stdout } = await run(process.execPath, [here('examples/wix-sdk.mjs')], { env, cwd: here('.') })
  const [, id] = /^reported \[ '(.+)' \]\ncancelled/.exec(stdout) ?? assert.fail(stdout)
  assert.ok(await cancelled(id!))
})

test('examples/wix-curl.sh', async () => {
  const { stdout } = await run('sh', [here('examples/wix-curl.sh')], { env })
  const [reported, receipt] = stdout
    .trim()
    .split('\n')
    .filter(line => line.startsWith('{'))
  const [id] = (JSON.parse(reported!) as { activationIds: string[] }).activationIds
  assert.ok(await cancelled(id!))
  assert.equal((JSON.parse(receipt!) as { state: string }).state, 'final')
})

test('each example is at most 25 lines', async () => {
  for (const name of ['wix-curl.sh', 'wix-sdk.mjs', 'wix-preload.mjs']) {
    const lines = (await readFile(here(`examples/${name}`), 'utf8')).trimEnd().split('\n').length
    assert.ok(lines <= 25, `${name} has ${lines}`)
  }
})
