// How an operator hears of receivers that fail: log, /metrics, /readyz?verbose. /metrics and /readyz give numbers only.

import type { FailingReceivers, HealthChange } from '../delivery/failing-receivers.ts'
import { scrub } from '../http/log.ts'
import type { Http } from '../http/server.ts'

const TEXTS = {
  failing: 'receiver fails',
  works: 'receiver works again',
  forgotten: 'receiver forgotten: nothing was sent to it for a day',
} as const satisfies { readonly [is in HealthChange['is']]: string }

export function logHealth(
  log: { warn(fields: object, text: string): void },
  { is, receiver: failing }: HealthChange,
): void {
  const { tenant, kind, receiver, since, lastFailureAt, failures, error } = failing
  const fields = {
    ...(tenant === '' ? {} : { tenant }),
    kind,
    receiver,
    since: since.toISOString(),
    lastFailureAt: lastFailureAt.toISOString(),
    failures,
    error: scrub(error),
  }
  // Each at the same level: who was warned is to read how it ended.
  log.warn(fields, TEXTS[is])
}

export function watchReceivers(http: Pick<Http, 'metrics' | 'warn'>, receivers: FailingReceivers): void {
  http.metrics.gauge(
    {
      name: 'standdown_receivers_failing',
      help: 'Receivers of webhooks, and mail servers, that have only failed for five minutes or more.',
      labels: ['kind'],
    },
    () => Object.entries(receivers.counts).map(([kind, value]) => ({ labels: { kind }, value })),
  )
  http.warn('receivers', () => {
    const { webhook, mail } = receivers.counts
    const said = [
      ...(mail > 0 ? ['the mail server'] : []),
      ...(webhook > 0 ? [`${webhook} ${webhook === 1 ? 'receiver' : 'receivers'} of webhooks`] : []),
    ]
    return said.length === 0 ? null : `failing for five minutes or more: ${said.join(' and ')}`
  })
}
