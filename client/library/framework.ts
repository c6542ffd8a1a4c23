// This folder is the script `Microsoft.CIFramework` that a provider's page loads, and this file has its
// methods. They send each call to the frame's parent. Each method answers with a promise that always settles.
// The trailing correlationId is optional everywhere, and a method must never fail because of it. The script
// must not import the server, and it decides nothing.

import { HostError, type HostLink } from './host-link.ts'
import { objectOf } from './object-of.ts'
import { type CifOutcome, CLIENT_ERROR, cifError, NOT_SUPPORTED, notifyResult } from './result.ts'
import { sendableParameters, storable } from './template-parameters.ts'

type CifHandler = (detail: string) => unknown
export type CifMethods = { readonly [name: string]: (...args: unknown[]) => Promise<unknown> }

/** The name of a method as errors spell it: notifyEvent → NotifyEvent. */
function errorName(method: string): string {
  return method.charAt(0).toUpperCase() + method.slice(1)
}

export class CifFramework {
  readonly handlers = new Map<string, Set<CifHandler>>()
  private readonly link: HostLink

  constructor(link: HostLink) {
    this.link = link
  }

  /** Calls the handlers one after another. If one throws, the others are called all the same. */
  tell(event: string, detail: unknown): void {
    for (const handler of this.handlers.get(event) ?? []) {
      try {
        handler(JSON.stringify(detail))
      } catch (error) {
        console.error(error)
      }
    }
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
    const handlers = this.handlers.get(event) ?? new Set()
    this.handlers.set(event, handlers.add(handler as CifHandler))
  }

  async removeHandler(event: unknown, handler: unknown): Promise<void> {
    if (typeof event === 'string') this.handlers.get(event)?.delete(handler as CifHandler)
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

/** Methods that only store a value in the desktop: their first argument. */
const KEPT = ['setClickToAct', 'setMode', 'setPresence'] as const
const READ = ['getClickToAct', 'getMode', 'getPresence', 'getEnvironment'] as const
/** Methods of the framework that have nothing to do with notifications: they reject at once with NotSupported. */
const ABSENT = [
  'createSession',
  'getSession',
  'getFocusedSession',
  'getAllSessions',
  'requestFocusSession',
  'canCreateSession',
  'createTab',
  'focusTab',
  'getTabs',
  'refreshTab',
  'setTabTitle',
  'setSessionTitle',
  'notifyNewActivity',
  'searchAndOpenRecords',
  'openForm',
  'createRecord',
  'retrieveRecord',
  'updateRecord',
  'deleteRecord',
  'renderSearchPage',
  'getEntityMetadata',
  'setWidth',
  'getWidth',
  'insertNotes',
  'raiseEvent',
  'logAnalyticsEvent',
  'updateConversation',
  'updateContext',
  'resetContext',
  'initLogAnalytics',
  'setAgentPresence',
  'initializeAgentPresenceList',
  'openKBSearchControl',
  'onSendKBArticle',
] as const

export function methodsOf(framework: CifFramework): CifMethods {
  const methods: Record<string, (...args: unknown[]) => Promise<unknown>> = {
    notifyEvent: (...args) => framework.notifyEvent(...(args as [unknown, unknown, unknown])),
    cancelEvent: (...args) => framework.cancelEvent(...(args as [unknown, unknown])),
    addHandler: (...args) => framework.addHandler(...(args as [unknown, unknown])),
    removeHandler: (...args) => framework.removeHandler(...(args as [unknown, unknown])),
  }
  for (const name of KEPT) methods[name] = value => framework.ask(name, { value: value ?? null })
  for (const name of READ) methods[name] = () => framework.ask(name, {})
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
