// What defines a kind of action: how it is read from the workspace file, which effect it becomes, and how people see it named.
// mail.ts, webhook.ts, delay.ts and if.ts each export one object of this type; action-kinds.ts lists them.

import type { NewEffect } from '../../core/effects/effect.ts'
import type { EffectFrame } from '../../core/effects/effect-builders.ts'
import type { KnownKind } from '../../core/effects/effect-kinds.ts'
import type { Retries, RetryKind } from '../../core/effects/retry-plan.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Path } from '../../core/mistakes.ts'
import type { FilePosition } from '../../core/setting-reader.ts'
import type { ActionStep, Step, StepIndex } from '../language/program.ts'

export type ActionContext = FilePosition & {
  /** Why a call of this http or https URL can never work; null when it may work. */
  readonly webhookRefusal: (url: URL) => string | null
}

/** The position of an action in the file, and what follows it. */
export type ActionPosition = ActionContext & {
  /** The step that runs after this one. */
  readonly after: StepIndex
  /** Reads the actions of a branch. After them the run continues with `after`. Returns the index of the first one. */
  readonly readBranch: (actions: unknown, name: string) => StepIndex
}

export type ActionKind<S extends Step> = {
  /** Returns the step; null for a body of the wrong shape. Mistakes are added to the list of the position. */
  readonly read: (body: unknown, position: ActionPosition) => S | null
  /** Names the step in a list of the changes of a new revision: `mail "Reminder"`. */
  readonly label: (step: S) => string
  /** Its part of docs/workspace.schema.json. */
  readonly schema: JsonObject
  /** Null for a condition: it is decided when the next action is announced. */
  readonly effect: S extends ActionStep ? ActionEffect<S> : null
}

export type ActionEffect<S extends ActionStep> = {
  readonly kind: KnownKind
  readonly make: (step: S, context: StepContext) => NewEffect
  /** What people read: at most 200 characters, on one line. */
  readonly title: (step: S, payload: JsonObject) => string
}

/** What the steps of one activation share. */
export type Run = {
  readonly activationId: string
  readonly automationId: string
  readonly revision: number
  readonly triggerKey: string
  readonly externalEntityId: string | null
  readonly payload: JsonObject
}

/**
 * The time at which the effect of a step is announced. Null at the report itself: there the time would need a query, so a due
 * time is given as `afterMs`.
 */
export type AnnouncedAt = Date | null

export type StepContext = {
  readonly run: Run
  readonly at: AnnouncedAt
  /** The facts from which the settled hook announces the next step; null for the last step. They are kept in the effect's data. */
  readonly flow: JsonObject | null
  readonly next: readonly string[]
  /** The retry settings of the automation. */
  readonly retries?: Retries | undefined
}

/** The frame of an effect that is due as soon as it is announced. `plan`: the retry plan that the automation may change. */
export function dueAtOnce({ at, next, retries }: StepContext, title: string, plan: RetryKind): EffectFrame {
  const retry = retries?.[plan]
  return { title, due: at === null ? { afterMs: 0 } : { at }, next, ...(retry ? { retry } : {}) }
}

export function flowData(flow: JsonObject | null): { readonly flow?: JsonObject } {
  return flow ? { flow } : {}
}

/** Adds a mistake and returns null. */
export function addMistake(
  { path, mistakes }: FilePosition & { readonly path: Path },
  problem: string,
  accepted?: string,
): null {
  mistakes.add({ path, problem, ...(accepted === undefined ? {} : { accepted }) })
  return null
}
