// The action `webhook`: one call of one URL, with the whole payload.

import { webhookCall } from '../../core/effects/effect-builders.ts'
import { EFFECT_KINDS, WEBHOOK_CALL } from '../../core/effects/effect-kinds.ts'
import { shortTitle } from '../../core/effects/effect-title.ts'
import { SettingReader } from '../../core/setting-reader.ts'
import type { WebhookStep } from '../language/program.ts'
import { type ActionContext, type ActionKind, dueAtOnce, flowData } from './action-kind.ts'

const MAX_URL = 2048
const NAME = /^[\w.-]{1,100}$/
const SETTINGS = ['url', 'type', 'secret'] as const
type WebhookReader = SettingReader<(typeof SETTINGS)[number]>

export const webhookAction: ActionKind<WebhookStep> = {
  read(body, position) {
    const read = new SettingReader(body, SETTINGS, position)
    if (!read.isThere) return null
    return {
      do: 'webhook',
      url: readUrl(read, position.webhookRefusal),
      type: readName(read, 'type'),
      secretRef: read.raw('secret') === undefined ? null : readName(read, 'secret'),
      next: position.after,
    }
  },
  label: ({ type }) => `webhook ${type}`,
  schema: {
    type: 'object',
    required: ['url', 'type'],
    additionalProperties: false,
    properties: { url: { type: 'string' }, type: { type: 'string' }, secret: { type: 'string' } },
  },
  effect: {
    kind: WEBHOOK_CALL,
    title: titleOf,
    make(step, context) {
      const { activationId, automationId, triggerKey, externalEntityId, payload } = context.run
      const { url, secretRef, type } = step
      return webhookCall(
        {
          url,
          secretRef,
          type,
          payload: { activationId, automationId, triggerKey, externalEntityId, payload },
          ...flowData(context.flow),
        },
        dueAtOnce(context, titleOf(step), 'webhook'),
      )
    },
  },
}

function titleOf({ url, type }: WebhookStep): string {
  return shortTitle(EFFECT_KINDS[WEBHOOK_CALL].title(new URL(url).host, type))
}

/** A URL has no payload fields: otherwise whoever reports an event could make the server call any host. */
function readUrl(read: WebhookReader, refusal: ActionContext['webhookRefusal']): string {
  const text = read.text('url', { maxLength: MAX_URL })
  if (text === '') return ''
  const refuse = (problem: string, accepted = 'https://host/path'): string => {
    read.addMistake('url', problem, accepted)
    return ''
  }
  if (text.includes('{{')) return refuse('may not hold payload fields')
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol)) return refuse('must be an http or https address')
  if (url.username !== '' || url.password !== '') return refuse('may not hold a name or password')
  const why = refusal(url)
  return why === null
    ? text
    : refuse(`could never be called: ${why}`, "a public host, or one of the tenant's webhooks.allow")
}

/** The name of an event type or of a secret. */
function readName(read: WebhookReader, name: 'type' | 'secret'): string {
  return read.text(name, {
    maxLength: 100,
    pattern: [NAME, '1 to 100 letters, digits, dots, dashes or underscores'],
  })
}
