// The automations room on a real engine, with real mail and webhooks that go to receivers of the test.

import type { EventInfo, Reported } from '../../server/src/automations/activations/report-events.ts'
import { type Automations, createAutomations } from '../../server/src/automations/automations.ts'
import type { CallingApp } from '../../server/src/automations/needs.ts'
import { type DeclaredSection, readWorkspace } from '../../server/src/automations/read-workspace.ts'
import type { Cancelled, Receipt } from '../../server/src/core/cancellation.ts'
import type { JsonObject } from '../../server/src/core/json.ts'
import { Mistakes, pathText } from '../../server/src/core/mistakes.ts'
import { createMailCarrier } from '../../server/src/delivery/mail/mail-carrier.ts'
import { createWebhookCarriers } from '../../server/src/delivery/webhook/webhook-carriers.ts'
import { Engine } from '../../server/src/engine/engine.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { random } from '../support/engine.ts'
import { type HttpReceiver, httpReceiver } from '../support/http-receiver.ts'
import { type SmtpReceiver, smtpReceiver } from '../support/smtp-receiver.ts'

export const TENANT = 'contoso'
const APPS = new Map([
  ['demo-app', '11111111-1111-4111-8111-111111111111'],
  ['other-app', '22222222-2222-4222-8222-222222222222'],
])
const SITE = '33333333-3333-4333-8333-333333333333'

export type World = AsyncDisposable & {
  readonly engine: Engine
  readonly automations: Automations
  readonly database: TestDatabase
  readonly smtp: SmtpReceiver
  readonly hooks: HttpReceiver
  apply(section: JsonObject, options?: { apply?: boolean }): ReturnType<Automations['applyWorkspace']>
  report(triggerKey: string, event?: Partial<EventInfo>, app?: CallingApp): Promise<string>
  reportAll(
    triggerKey: string,
    events: readonly Partial<EventInfo>[],
    app?: CallingApp,
  ): Promise<readonly Reported[]>
  cancel(triggerKey: string, entity: string, app?: CallingApp, requestKey?: string): Promise<Cancelled>
  receipt(id: string): Promise<Receipt>
  advance(days: number): Promise<void>
  cancelledBy(eventId: string): Promise<string | null>
}

export function callingApp(change: Partial<CallingApp> = {}): CallingApp {
  const appId = APPS.get('demo-app')!
  return { tenant: TENANT, appId, site: SITE, principal: `app:${appId}`, name: 'demo-app', ...change }
}

export function otherApp(): CallingApp {
  const appId = APPS.get('other-app')!
  return callingApp({ appId, principal: `app:${appId}`, name: 'other-app' })
}

export const mailTo = (to: string, subject = 'Subject') => ({
  mail: { to, subject, text: 'Text of {{name}}' },
})

/** `automations` by trigger key, each a list of actions; every key is a trigger of demo-app. */
export function sectionOf(automations: Readonly<Record<string, readonly object[]>>): JsonObject {
  const keys = Object.keys(automations)
  return {
    triggers: keys.map(key => ({ app: 'demo-app', key })),
    automations: keys.map(key => ({
      name: `On ${key}`,
      app: 'demo-app',
      trigger: key,
      actions: automations[key],
    })),
  } as unknown as JsonObject
}

/** @throws Error naming the first mistake */
function declaredIn(section: JsonObject): DeclaredSection {
  const mistakes = new Mistakes()
  const declared = readWorkspace({ ...section, apps: APPS }, mistakes)
  const [first] = mistakes.kept
  if (first) throw new Error(`${pathText(first.path)} ${first.problem}`)
  return declared
}

/** `start` false: nothing runs, so that states stand still. */
export async function automationsWorld(options: { readonly start?: boolean } = {}): Promise<World> {
  const database = await testDatabase()
  const smtp = await smtpReceiver()
  const hooks = await httpReceiver()
  const { db } = database
  const now = () => new Date()
  const engine = new Engine({ db, random })
  const automations = createAutomations({ db, engine, now, random })
  const mail = createMailCarrier({ smtpUrl: smtp.url, keep: async () => {}, now })
  const webhooks = createWebhookCarriers({
    secretFor: async () => Buffer.alloc(32, 7),
    allowed: async () => ['127.0.0.1'],
    now,
  })
  engine.register({
    carriers: [...automations.carriers, mail, ...webhooks.carriers],
    domains: [automations.domain],
  })
  await db.transaction('test.tenant', tx => engine.putTenant(tx, TENANT, true))
  if (options.start !== false) await engine.start()

  const reportAll: World['reportAll'] = async (triggerKey, events, app = callingApp()) =>
    await automations.report({
      app,
      triggerKey,
      events: events.map(event => ({ payload: {}, externalEntityId: null, idempotency: null, ...event })),
      parent: null,
    })
  return {
    engine,
    automations,
    database,
    smtp,
    hooks,
    apply: async (section, { apply = true } = {}) =>
      await db.transaction('test.apply', tx =>
        automations.applyWorkspace(tx, { declared: declaredIn(section), tenant: TENANT, apps: APPS, apply }),
      ),
    reportAll,
    async report(triggerKey, event = {}, app = callingApp()) {
      const [result] = await reportAll(triggerKey, [event], app)
      if (result!.is === 'refused') throw result!.fault
      if (result!.is === 'repeated' || result!.activationIds.length !== 1)
        throw new Error('not one activation')
      return result!.activationIds[0]!
    },
    async cancel(triggerKey, entity, app = callingApp(), requestKey) {
      const [result] = await automations.cancel({
        app,
        triggerKey,
        externalEntityIds: [entity],
        requestKey: requestKey ?? null,
      })
      if (result instanceof Error) throw result
      return result!
    },
    async receipt(id) {
      const receipt = await engine.receipt(TENANT, id, { waitMs: 10_000 })
      if (!receipt) throw new Error(`no receipt ${id}`)
      return receipt
    },
    async advance(days) {
      await engine.advanceClock(TENANT, days * 86_400_000)
    },
    async cancelledBy(eventId) {
      const event = await engine.event(TENANT, eventId)
      if (!event) throw new Error(`no event ${eventId}`)
      return event.cancellationId
    },
    async [Symbol.asyncDispose]() {
      await engine.stop()
      mail.close()
      webhooks.close()
      await smtp.close()
      await hooks.close()
      await database[Symbol.asyncDispose]()
    },
  }
}
