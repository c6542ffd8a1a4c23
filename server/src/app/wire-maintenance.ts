// Wires the maintenance jobs that delete what is not needed any more, with their log lines and their counter.

import { isUnavailable } from '../store/database.ts'
import type { ComposeNeeds } from './compose-needs.ts'
import { Maintenance, maintenanceJobs } from './maintenance.ts'
import type { Rooms } from './rooms.ts'

export function wireMaintenance(
  { config, metrics }: ComposeNeeds,
  { http, auth, engine, delivery }: Rooms,
): Maintenance {
  const swept = metrics.counter({
    name: 'standdown_swept_total',
    help: 'What was deleted because nobody needs it any more.',
    labels: ['what'],
  })
  return new Maintenance({
    jobs: maintenanceJobs({
      engine,
      mail: delivery.mailStore,
      webhookSecrets: delivery.secrets,
      auth,
      retentionMs: config.retentionMs,
    }),
    // The log field keeps its name: operators search for it.
    onGone: (job, gone) => {
      for (const [what, count] of Object.entries(gone)) swept.add({ what }, count)
      http.app.log.info({ chore: job, gone }, 'swept')
    },
    onError: (job, error) => {
      // That the database is away is reported elsewhere; the job is tried again in the next round.
      if (!isUnavailable(error)) http.app.log.error({ chore: job, err: error }, 'sweep')
    },
  })
}
