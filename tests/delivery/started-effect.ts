// A started effect as the engine would hand it to a carrier, and the aborts that the engine sends.

import { randomUUID } from 'node:crypto'
import { EffectAborted, type StartedEffect } from '../../server/src/core/effects/effect.ts'
import type { JsonObject } from '../../server/src/core/json.ts'

export const NOW = new Date('2026-03-01T09:00:00.000Z')
export const now = () => NOW

export function startedEffect(
  kind: string,
  data: JsonObject,
  more: Partial<StartedEffect> = {},
): StartedEffect {
  return {
    id: randomUUID(),
    tenant: 'contoso',
    eventId: randomUUID(),
    noticeOf: null,
    kind,
    title: 'test',
    data,
    dueAt: new Date('2026-03-01T08:59:59.000Z'),
    attempt: 1,
    startId: '00000000-0000-8000-8000-00000000000a',
    ...more,
  }
}

/** Never aborted. */
export const calm = new AbortController().signal

export const byCancel = () => new EffectAborted('cancelled', randomUUID())
