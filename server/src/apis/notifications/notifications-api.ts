// Dynamics 365 Channel Integration Framework 2.0, as providers' pages see it: the script, the desktop page
// that frames them, and the REST calls between that page and this server (ours; nothing of them is documented
// by Microsoft). This room translates only. It must not know another API, and it must not decide when an
// offer is shown or how it ends.

import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { Directory } from '../../auth/directory/directory.ts'
import type { FindParent } from '../../core/parent.ts'
import type { LongResponses } from '../../http/long-responses.ts'
import { schemasAreChecked } from '../../http/openapi.ts'
import type { Notifications } from '../../notifications/notifications.ts'
import { type AgentAuth, agentCaller, agentOrProvider } from './agent-caller.ts'
import { sendAgentPage } from './agent-page.ts'
import { desktopFiles, libraryFile, sendFile } from './browser-files.ts'
import { desktopFaults } from './faults.ts'
import { LIBRARY_PATH } from './library-path.ts'
import { offerRoutes } from './offer-routes.ts'
import { NOTIFICATIONS_OPENAPI, NOTIFICATIONS_PREFIX, notificationsOpenApi } from './openapi.ts'
import { ScreenStreams } from './screen-stream.ts'
import { tokenRoutes } from './token-routes.ts'

const LIBRARY_FILE = LIBRARY_PATH.split('/').slice(2).join('/').toLowerCase()

export type NotificationsApiNeeds = {
  readonly notifications: Notifications
  readonly auth: AgentAuth
  readonly directory: Pick<Directory, 'user' | 'users'>
  readonly findParent: FindParent
  /** The origin of every link. */
  readonly publicUrl: () => string
  /** Where a person signs in; `returnTo` is a path of ours. */
  readonly signInUrl: (returnTo: string) => string
  readonly now: () => Date
  /** Counts the pages that are open. */
  readonly longResponses: LongResponses
}

export function notificationsApi(needs: NotificationsApiNeeds): FastifyPluginAsync {
  const { notifications, auth, directory, findParent } = needs
  return async app => {
    const streams = new ScreenStreams(notifications, needs.now, needs.longResponses)
    app.addHook('preClose', async () => streams.close())
    const callerOf = (request: FastifyRequest) => agentCaller(request, auth)
    schemasAreChecked(app)
    const openApi = notificationsOpenApi()
    openApi.watch(app)

    await app.register(
      async routes => {
        offerRoutes(routes, { notifications, streams, findParent, callerOf })
        const anyCaller = (request: FastifyRequest) => agentOrProvider(request, auth)
        tokenRoutes(routes, { notifications, directory, callerOf: anyCaller })
      },
      { prefix: NOTIFICATIONS_PREFIX },
    )

    app.get(NOTIFICATIONS_OPENAPI, { schema: { summary: 'This description.', isPublic: true } }, async () =>
      openApi.document(),
    )

    const page = {
      summary: 'The agent desktop, for who is signed in.',
      produces: 'text/html',
      response: { 200: { type: 'string' }, 302: { type: 'null' } },
    }
    app.get('/agent', { schema: page }, async (request, reply) => {
      const principal = await auth.session(request)
      if (!principal && request.headers.authorization === undefined)
        return reply.redirect(needs.signInUrl('/agent'))
      const { agent } = await callerOf(request)
      const channels = await notifications.channelsOf(agent)
      const libraryUrl = `${needs.publicUrl()}${LIBRARY_PATH}`
      return sendAgentPage(reply, { ...agent, channels, libraryUrl })
    })

    const desktop = desktopFiles()
    const script = { isPublic: true, produces: 'text/javascript', response: { 200: { type: 'string' } } }
    const part = {
      ...script,
      summary: 'A script or a style sheet of the desktop.',
      params: {
        type: 'object',
        required: ['file'],
        properties: { file: { type: 'string', examples: [...desktop.keys()] } },
      },
    }
    app.get<{ Params: { file: string } }>('/agent/:file', { schema: part }, async (request, reply) => {
      const file = desktop.get(request.params.file)
      if (!file) throw desktopFaults.NO_SUCH_FILE()
      return sendFile(request, reply, file)
    })

    const library = libraryFile()
    // Clients also write WebResources and msdyn_cilibrary, so upper and lower case make no difference in this path.
    app.get<{ Params: { '*': string } }>(
      '/:webresources(^[Ww][Ee][Bb][Rr][Ee][Ss][Oo][Uu][Rr][Cc][Ee][Ss]$)/*',
      {
        schema: {
          ...script,
          summary: 'The script that puts Microsoft.CIFramework on a page.',
          address: LIBRARY_PATH,
        },
      },
      async (request, reply) => {
        if (request.params['*'].toLowerCase() !== LIBRARY_FILE) throw desktopFaults.NO_SUCH_FILE()
        // Pages of other origins run this script, also pages that isolate themselves (COEP).
        reply
          .header('cross-origin-resource-policy', 'cross-origin')
          .header('access-control-allow-origin', '*')
        return sendFile(request, reply, library)
      },
    )
  }
}
