// The argument of each file of routes under /api/v1.

import type { FastifyInstance } from 'fastify'
import type { Callers } from './callers.ts'
import type { NativeNeeds } from './needs.ts'

export type NativeContext = NativeNeeds & { readonly callers: Callers }

/** Adds its routes to `app`, which has identified the caller before a handler runs. */
export type NativeRoutes = (app: FastifyInstance, context: NativeContext) => void
