// Tells the operator which receivers fail, by the log, /metrics and /readyz?verbose. /metrics and /readyz show numbers only.

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
  // All at the same level: whoever read the warning also reads how it ended.
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
    const failing = [
      ...(mail > 0 ? ['the mail server'] : []),
      ...(webhook > 0 ? [`${webhook} ${webhook === 1 ? 'receiver' : 'receivers'} of webhooks`] : []),
    ]
    return failing.length === 0 ? null : `failing for five minutes or more: ${failing.join(' and ')}`
  })
}
