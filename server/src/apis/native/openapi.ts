// The description of the native API. It is made from the schemas that validate the requests, so it cannot differ from what runs.

import { cancelledListSchema, cancelledViewSchema } from '@standdown/wire/src/cancellation.ts'
import { credentialSchemas } from '@standdown/wire/src/credentials.ts'
import { retrySomeViewSchema } from '@standdown/wire/src/dead-effects.ts'
import { announcedViewSchema, effectViewSchema, eventViewSchema } from '@standdown/wire/src/event.ts'
import { holdViewSchema, releaseViewSchema } from '@standdown/wire/src/hold.ts'
import {
  actionCountsSchema,
  countSchema,
  effectListSchema,
  eventListSchema,
  eventSummarySchema,
  listedEffectSchema,
  nextDueSchema,
  relativeSchema,
  skippedSchema,
} from '@standdown/wire/src/lists.ts'
import {
  clockViewSchema,
  mailSummarySchema,
  mailViewSchema,
  statusViewSchema,
  workspaceViewSchema,
} from '@standdown/wire/src/operations.ts'
import { previewListSchema, previewViewSchema } from '@standdown/wire/src/preview.ts'
import { problemSchema } from '@standdown/wire/src/problem.ts'
import { countsSchema, receiptViewSchema } from '@standdown/wire/src/receipt.ts'
import { webhookSecretSchema, webhookSecretSummarySchema } from '@standdown/wire/src/webhook-secrets.ts'
import { BEARER, OpenApi, type Schema } from '../../http/openapi.ts'
import type { ServerFacts } from './needs.ts'

/** Schemas that routes name by `$ref: 'Name#'`. */
export const schemasOfTheWire: readonly Schema[] = [
  problemSchema,
  countSchema,
  skippedSchema,
  nextDueSchema,
  relativeSchema,
  effectViewSchema,
  eventSummarySchema,
  eventListSchema,
  eventViewSchema,
  listedEffectSchema,
  effectListSchema,
  actionCountsSchema,
  announcedViewSchema,
  countsSchema,
  cancelledViewSchema,
  cancelledListSchema,
  receiptViewSchema,
  previewViewSchema,
  previewListSchema,
  mailSummarySchema,
  mailViewSchema,
  retrySomeViewSchema,
  clockViewSchema,
  workspaceViewSchema,
  statusViewSchema,
  holdViewSchema,
  releaseViewSchema,
  webhookSecretSummarySchema,
  webhookSecretSchema,
]

/** The facts about the server that stand in the description. */
export type DescribedServer = Pick<ServerFacts, 'version' | 'publicUrl'>

export function nativeOpenApi(facts: DescribedServer): OpenApi {
  return new OpenApi({
    title: 'Standdown, native API',
    version: facts.version,
    description:
      'Announce, revise, cancel; and receipts that say what a cancel prevented, stopped, or came too late for.',
    servers: () => [facts.publicUrl],
    shapes: [...schemasOfTheWire, ...credentialSchemas],
    error: { type: 'application/problem+json', shape: 'Problem' },
    securitySchemes: BEARER,
  })
}
