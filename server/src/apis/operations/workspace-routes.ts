// The routes of the workspace file: show what it would change, and apply it.

import type { WorkspaceChange, WorkspaceRequest, WorkspaceView } from '@standdown/wire/src/operations.ts'
import { workspaceRequestSchema } from '@standdown/wire/src/operations.ts'
import type { FastifyInstance } from 'fastify'
import { requireAdmin } from '../native/access.ts'
import { auditContextOf } from '../native/audit-context.ts'
import type { NativeContext } from '../native/native-context.ts'
import { response } from '../native/route-schema.ts'
import { cancelledOf } from '../native/views.ts'

export function workspaceRoutes(app: FastifyInstance, context: NativeContext): void {
  app.post(
    '/workspace',
    {
      schema: {
        summary: 'Compare a workspace file with what is there, and apply it.',
        body: workspaceRequestSchema,
        response: response('Workspace'),
      },
    },
    async request => {
      const caller = context.callers.ofAnyTenant(request)
      requireAdmin(caller)
      const { workspace, apply = true, prune = false, pending } = request.body as WorkspaceRequest
      const { applied, changes, cancelled } = await context.workspace(caller, workspace, {
        apply,
        prune,
        ...(pending === undefined ? {} : { pending }),
      })
      if (applied) {
        const auditContext = auditContextOf(request, caller)
        context.auth.securityLog.record('workspace_applied', auditContext, {
          tenant: tenantsOf(changes).join(' ') || null,
          changes: changes.length,
          prune,
        })
      }
      const receipts = cancelled.flatMap(cancelledOf)
      return { applied, changes, receipts } satisfies WorkspaceView
    },
  )
}

/** The tenants whose settings were changed. The path of a change begins with `tenants.<id>`. */
function tenantsOf(changes: readonly Pick<WorkspaceChange, 'at'>[]): readonly string[] {
  return [...new Set(changes.map(({ at }) => at.split('.')[1] ?? ''))].sort()
}
