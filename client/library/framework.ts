// This folder is the script `Microsoft.CIFramework` that a provider's page loads, and this file has its
// methods. They send each call to the frame's parent. Each method answers with a promise that always settles.
// The trailing correlationId is optional everywhere, and a method must never fail because of it. The script
// must not import the server, and it decides nothing.

import { EventHandlers, isOfTheDesktop } from './handlers.ts'
import { HostError, type HostLink } from './host-link.ts'
import { objectOf } from './object-of.ts'
import { type CifOutcome, CLIENT_ERROR, cifError, NOT_SUPPORTED, notifyResult } from './result.ts'
import { sendableParameters, storable } from './template-parameters.ts'

export type CifMethods = { readonly [name: string]: (...args: unknown[]) => Promise<unknown> }

/** The name of a method as errors spell it: notifyEvent → NotifyEvent. */
function errorName(method: string): string {
  return method.charAt(0).toUpperCase() + method.slice(1)
}

export class CifFramework {
  private readonly handlers = new EventHandlers()
  private readonly link: HostLink

  constructor(link: HostLink) {
    this.link = link
  }

  /** An event of the desktop: its handlers get one JSON text, as documented. */
  tell(event: string, detail: unknown): void {
    this.handlers.tell(event, JSON.stringify(detail))
  }

  async notifyEvent(input: unknown, correlationId?: unknown, cancellationToken?: unknown): Promise<object> {
    const fail = (detail: string) => cifError('NotifyEvent', CLIENT_ERROR, detail)
    const given = objectOf(input)
    if (!given) throw fail('input has to be an object, or the JSON of one')
    const { templateName, templateParameters } = given
    if (typeof templateName !== 'string' || templateName === '') throw fail('input.templateName is missing')
    const tokens = [given.cancellationToken, cancellationToken].filter(
      token => token !== undefined && token !== null,
    )
    if (tokens.some(token => typeof token !== 'string')) throw fail('cancellationToken has to be a text')
    const params = {
      templateName,
      templateParameters: sendableParameters(templateParameters),
      cancellationTokens: [
        ...new Set(tokens.filter(token => token !== '').map(token => storable(String(token)))),
      ],
      correlationId: correlationOf(correlationId),
    }
    return notifyResult((await this.ask('notifyEvent', params)) as CifOutcome)
  }

  async cancelEvent(cancellationToken: unknown, correlationId?: unknown): Promise<string> {
    if (typeof cancellationToken !== 'string' || cancellationToken === '')
      throw cifError('CancelEvent', CLIENT_ERROR, 'cancellationToken is missing')
    await this.ask('cancelEvent', {
      cancellationToken: storable(cancellationToken),
      correlationId: correlationOf(correlationId),
    })
    return cancellationToken
  }

  async addHandler(event: unknown, handler: unknown): Promise<void> {
    if (typeof event !== 'string' || typeof handler !== 'function')
      throw cifError('AddHandler', CLIENT_ERROR, 'an event name and a function are needed')
    this.handlers.add(event, handler as (detail: unknown) => unknown)
  }

  /** Tells whether it was there. */
  async removeHandler(event: unknown, handler: unknown): Promise<boolean> {
    return typeof event === 'string' && this.handlers.remove(event, handler)
  }

  /** An event of the page's own. Its handlers get a Map, as in the documentation's example. */
  async raiseEvent(event: unknown, value: unknown, correlationId?: unknown): Promise<boolean> {
    if (typeof event !== 'string' || event === '')
      throw cifError('RaiseEvent', CLIENT_ERROR, 'an event name is needed')
    if (isOfTheDesktop(event))
      throw cifError(
        'RaiseEvent',
        CLIENT_ERROR,
        `${event} is an event of the desktop, which raises it itself`,
      )
    this.handlers.tell(
      event,
      new Map([
        ['value', value],
        ['correlationId', correlationOf(correlationId)],
      ]),
    )
    return true
  }

  /** Is for a conversation that is kept elsewhere: answered as documented, and not kept here. */
  async updateConversation(id: unknown): Promise<string> {
    if (typeof id !== 'string' || id === '')
      throw cifError('UpdateConversation', CLIENT_ERROR, 'the id of a conversation is needed')
    return JSON.stringify({ id })
  }

  /** Asks the desktop. Every error comes back in the documented shape. */
  async ask(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    try {
      // A value that is not JSON cannot be sent. That is an error of the caller.
      return await this.link.call(method, JSON.parse(JSON.stringify(params)))
    } catch (error) {
      const code = error instanceof HostError ? error.code : CLIENT_ERROR
      throw cifError(errorName(method), code, error instanceof Error ? error.message : String(error))
    }
  }
}

/** Methods with one value, which the desktop answers. */
const WITH_VALUE = ['setClickToAct', 'setMode', 'setPresence', 'setWidth'] as const
const WITHOUT = ['getClickToAct', 'getMode', 'getPresence', 'getWidth', 'getEnvironment'] as const
/** Telemetry, which nobody reads here: answered with a text, as documented, and not kept. */
const NOT_KEPT = ['logAnalyticsEvent', 'initLogAnalytics'] as const
/** What this desktop has not: each rejects with NotSupported, and a sentence. Names that two pages spell in two ways stand twice. */
const ABSENT = [
  'createSession',
  'getSession',
  'getFocusedSession',
  'getAllSessions',
  'getAllSession',
  'requestFocusSession',
  'canCreateSession',
  'createTab',
  'closeTab',
  'focusTab',
  'getFocusedTab',
  'getTabs',
  'refreshTab',
  'setTabTitle',
  'setSessionTitle',
  'notifyNewActivity',
  'notifyKpiBreach',
  'notifyKPIBreach',
  'searchAndOpenRecords',
  'openForm',
  'createRecord',
  'retrieveRecord',
  'updateRecord',
  'deleteRecord',
  'renderSearchPage',
  'getEntityMetadata',
  'showGlobalNotification',
  'insertNotes',
  'updateContext',
  'resetContext',
  'setAgentPresence',
  'initializeAgentPresenceList',
  'openKBSearchControl',
] as const

export function methodsOf(framework: CifFramework): CifMethods {
  const methods: Record<string, (...args: unknown[]) => Promise<unknown>> = {
    notifyEvent: (...args) => framework.notifyEvent(...(args as [unknown, unknown, unknown])),
    cancelEvent: (...args) => framework.cancelEvent(...(args as [unknown, unknown])),
    addHandler: (...args) => framework.addHandler(...(args as [unknown, unknown])),
    removeHandler: (...args) => framework.removeHandler(...(args as [unknown, unknown])),
    raiseEvent: (...args) => framework.raiseEvent(...(args as [unknown, unknown, unknown])),
    updateConversation: id => framework.updateConversation(id),
  }
  for (const name of WITH_VALUE) methods[name] = value => framework.ask(name, { value: value ?? null })
  for (const name of WITHOUT) methods[name] = () => framework.ask(name, {})
  for (const name of NOT_KEPT) methods[name] = async () => ''
  for (const name of ABSENT) {
    methods[name] = async () => {
      throw cifError(errorName(name), NOT_SUPPORTED, `${name} is not part of this agent desktop`)
    }
  }
  return methods
}

/** A correlation id is only for telemetry, so it must never make a call fail. If it is not a short text, it is left out. */
function correlationOf(correlationId: unknown): string | null {
  return typeof correlationId === 'string' && correlationId !== '' && correlationId.length <= 200
    ? storable(correlationId)
    : null
}
