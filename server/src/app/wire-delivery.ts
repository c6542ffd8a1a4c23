// Wires what is sent to other systems: mail, webhooks, and the watch over receivers that fail.

import type { Directory } from '../auth/directory/directory.ts'
import { FailingReceivers } from '../delivery/failing-receivers.ts'
import { createKeptMail } from '../delivery/mail/kept-mail.ts'
import { createMailCarrier } from '../delivery/mail/mail-carrier.ts'
import { createMailStore } from '../delivery/mail/mail-store.ts'
import { createWebhookCarriers } from '../delivery/webhook/webhook-carriers.ts'
import { createWebhookSecrets } from '../delivery/webhook/webhook-secrets.ts'
import type { Engine } from '../engine/engine.ts'
import type { Http } from '../http/server.ts'
import { isUnavailable } from '../store/database.ts'
import type { ComposeNeeds } from './compose-needs.ts'
import { logHealth, watchReceivers } from './watch-receivers.ts'

export type Delivery = ReturnType<typeof wireDelivery>

export function wireDelivery(
  needs: ComposeNeeds,
  {
    http,
    engine,
    directory,
  }: { readonly http: Http; readonly engine: Engine; readonly directory: Directory },
) {
  const { config, now, random } = needs
  const { db } = needs.database
  const receivers = new FailingReceivers({
    db,
    nowMs: () => now().getTime(),
    onChange: change => logHealth(http.app.log, change),
    onError: error => {
      if (!isUnavailable(error)) http.app.log.error({ err: error }, 'receivers')
    },
    ...needs.receivers,
  })
  watchReceivers(http, receivers)

  const mailStore = createMailStore(db)
  const mail = createMailCarrier({
    smtpUrl: config.smtpUrl,
    mailFrom: config.mailFrom,
    // Kept mail is shown on the tenant's clock, which runs ahead in a sandbox.
    keep: async kept => mailStore.keep({ ...kept, at: await engine.now(kept.tenant) }),
    now,
    domains: async tenant => (await directory.tenant(tenant))?.domains ?? [],
    observe: (receiver, health) => receivers.observe({ tenant: '', kind: 'mail', receiver }, health),
  })
  const secrets = createWebhookSecrets({ db, random })
  const webhooks = createWebhookCarriers({
    secretFor: (tenant, ref) => secrets.secretFor(tenant, ref),
    allowed: async tenant => (await directory.tenant(tenant))?.webhookAllow ?? [],
    now,
    observe: (tenant, receiver, health) => receivers.observe({ tenant, kind: 'webhook', receiver }, health),
  })
  return { receivers, mailStore, keptMail: createKeptMail(mailStore), mail, secrets, webhooks }
}
