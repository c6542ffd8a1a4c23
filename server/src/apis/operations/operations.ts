// Looking after the server: dead actions, holds, clocks, kept mail, webhook secrets, the workspace file, tokens; what ./standdown and
// the start page call. Its routes stand under /api/v1 beside those of the native API, whose callers, shapes and errors they use.
// It must not announce or cancel anything in a way of its own.

import type { Auth } from '../../auth/auth.ts'
import type { FurtherRoutes } from '../native/native-api.ts'
import { deadEffectRoutes } from './dead-effect-routes.ts'
import { holdRoutes } from './hold-routes.ts'
import { mintRoutes } from './mint-routes.ts'
import { operationRoutes } from './operation-routes.ts'
import { webhookSecretRoutes } from './webhook-secret-routes.ts'
import { workspaceRoutes } from './workspace-routes.ts'

/** The routes that need nothing but the native API's context. */
export const OPERATIONS_ROUTES = [
  operationRoutes,
  deadEffectRoutes,
  holdRoutes,
  workspaceRoutes,
  webhookSecretRoutes,
] satisfies FurtherRoutes['guarded']

export function createOperations(auth: Auth): FurtherRoutes {
  return { guarded: OPERATIONS_ROUTES, open: [mintRoutes(auth)] }
}
