// Wires the HTTP server and the room that says who is calling. They are made together, since each needs the other: the server
// asks who may read its metrics, and links and token audiences are made from the address that the server listens on.

import { AUTOMATIONS_OPENAPI } from '../apis/automations/openapi.ts'
import { GRAPH_OPENAPI } from '../apis/graph/openapi.ts'
import { NATIVE_OPENAPI } from '../apis/native/native-api.ts'
import { problemPage } from '../apis/native/pages/problem-page.ts'
import { wantsPage } from '../apis/native/pages/send-page.ts'
import { NOTIFICATIONS_OPENAPI } from '../apis/notifications/openapi.ts'
import { metricsReaders } from '../apis/operations/metrics-readers.ts'
import { recordRefusedCredentials } from '../apis/sign-in/refused-credentials.ts'
import { type Auth, createAuth } from '../auth/auth.ts'
import { SecurityLog } from '../auth/security-log.ts'
import { Fault } from '../core/fault.ts'
import { securityLines } from '../http/log.ts'
import { problemOf } from '../http/problem-of.ts'
import { CSP_PAGE } from '../http/security-headers.ts'
import { createHttp, type Http } from '../http/server.ts'
import type { ComposeNeeds } from './compose-needs.ts'
import { VERSION } from './version.ts'

export async function wireHttp(needs: ComposeNeeds): Promise<{ readonly http: Http; readonly auth: Auth }> {
  const { config, now, random, metrics } = needs
  let auth: Auth | null = null
  const http = createHttp({
    metrics,
    config,
    now,
    logStream: needs.logStream,
    version: VERSION,
    descriptions: [NATIVE_OPENAPI, GRAPH_OPENAPI, AUTOMATIONS_OPENAPI, NOTIFICATIONS_OPENAPI],
    demo: () => auth?.demo ?? false,
    problemPage: (request, problem) => (wantsPage(request) ? problemPage(problem, request.url) : null),
    mayReadMetrics: async request => auth !== null && metricsReaders(auth)(request),
  })
  const securityLog = new SecurityLog({ write: securityLines(http.app.log, config.logLevel), now })
  recordRefusedCredentials(http.app, securityLog)
  auth = await createAuth({
    db: needs.database.db,
    config,
    now,
    random,
    publicUrl: () => urlOrNull(http),
    ownOrigins: () => http.ownOrigins(),
    securityLog,
    errorPage: ({ status, code, detail }) => {
      const problem = problemOf(new Fault(code, status, detail))
      return { text: problemPage(problem, '/').toString(), policy: CSP_PAGE }
    },
  })
  return { http, auth }
}

/** Null before the server listens: with PORT=0 its address is not known earlier. */
function urlOrNull(http: Http): string | null {
  try {
    return http.publicUrl()
  } catch {
    return null
  }
}
