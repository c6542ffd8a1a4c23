// The action `mail`: one mail to one recipient.

import { mailSend } from '../../core/effects/effect-builders.ts'
import { EFFECT_KINDS, MAIL_SEND } from '../../core/effects/effect-kinds.ts'
import { shortTitle } from '../../core/effects/effect-title.ts'
import type { JsonObject } from '../../core/json.ts'
import { ADDRESS_FORM, isAddress } from '../../core/mail-address.ts'
import { SettingReader } from '../../core/setting-reader.ts'
import type { MailStep } from '../language/program.ts'
import { everyFieldAs, fill, fillLine, templateFault } from '../language/template.ts'
import { type ActionKind, dueAtOnce, flowData } from './action-kind.ts'

const SETTINGS = ['to', 'subject', 'text'] as const
type MailReader = SettingReader<(typeof SETTINGS)[number]>

export const mailAction: ActionKind<MailStep> = {
  read(body, position) {
    const read = new SettingReader(body, SETTINGS, position)
    if (!read.isThere) return null
    return {
      do: 'mail',
      to: readRecipient(read),
      subject: readTemplate(read, 'subject', 500),
      text: readTemplate(read, 'text', 50_000),
      next: position.after,
    }
  },
  label: ({ subject }) => `mail ${JSON.stringify(shortSubject(subject))}`,
  schema: {
    type: 'object',
    required: ['to', 'subject', 'text'],
    additionalProperties: false,
    properties: { to: { type: 'string' }, subject: { type: 'string' }, text: { type: 'string' } },
  },
  effect: {
    kind: MAIL_SEND,
    title: titleOf,
    // The carrier takes one plain address, so whatever is in the payload, it selects one recipient at most. With a text that is
    // not an address, the effect ends dead there, where the operator sees it. The run continues, as Wix's does after a failing
    // action.
    make(step, context) {
      const { payload } = context.run
      return mailSend(
        {
          to: fillLine(step.to, payload),
          subject: fillLine(step.subject, payload),
          text: fill(step.text, payload),
          ...flowData(context.flow),
        },
        dueAtOnce(context, titleOf(step, payload), 'mail'),
      )
    },
  },
}

function titleOf({ to }: MailStep, payload: JsonObject): string {
  return shortTitle(EFFECT_KINDS[MAIL_SEND].title(fillLine(to, payload)))
}

/** Checks one address. If it has payload fields, checks an address that it can become. */
function readRecipient(read: MailReader): string {
  const to = readTemplate(read, 'to', 500)
  if (to === '' || couldBeAddress(to)) return to
  read.addMistake('to', 'is not a mail address', `${ADDRESS_FORM}, or one made of {{field}}s`)
  return ''
}

function couldBeAddress(text: string): boolean {
  const whole = 'a@a.example'
  const filled = [everyFieldAs(text, () => 'a'), everyFieldAs(text, i => (i === 0 ? whole : ''))]
  return [text, ...filled].some(isAddress)
}

function readTemplate(read: MailReader, name: (typeof SETTINGS)[number], maxLength: number): string {
  const text = read.text(name, { maxLength: maxLength, anyCharacters: true })
  const bad = templateFault(text)
  if (bad === null) return text
  read.addMistake(
    name,
    `has ${JSON.stringify(bad.slice(0, 60).toWellFormed())}`,
    '{{field}} or {{ var("field") }} between braces',
  )
  return ''
}

/** How many characters of a subject are in a label. A list of changes has at most 45 labels, one for each step. */
const MAX_LABEL = 80

function shortSubject(text: string): string {
  const points = [...text]
  return points.length <= MAX_LABEL ? text : `${points.slice(0, MAX_LABEL - 1).join('')}…`
}
