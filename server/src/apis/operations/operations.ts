// Operating the server: dead actions, holds, clocks, kept mail, webhook secrets, the workspace file and tokens. ./standdown and the start page
// call these routes. They are under /api/v1 beside those of the native API, and use its callers, shapes and errors. This room must not
// announce or cancel anything in a way of its own.

import type { Auth } from '../../auth/auth.ts'
import type { FurtherRoutes } from '../native/native-api.ts'
import { deadEffectRoutes } from './dead-effect-routes.ts'
import { holdRoutes } from './hold-routes.ts'
import { mintRoutes } from './mint-routes.ts'
import { operationRoutes } from './operation-routes.ts'
import { webhookSecretRoutes } from './webhook-secret-routes.ts'
import { workspaceRoutes } from './workspace-routes.ts'

/** The routes that need only the native API's context. */
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
