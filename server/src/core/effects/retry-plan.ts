// When a failed attempt is tried again. A plan says how long the pause before each attempt is, and when to give up: after a total
// of pauses, or after a number of attempts. The pauses grow up to the longest one. They are spread at random, so that not all
// callers try a receiver again at the same moment.

import type { Mistake } from '../mistakes.ts'
import { type FilePosition, unknownName } from '../setting-reader.ts'

export type RetryPlan = {
  /** All pauses together, ms. The last attempt is made when they are over. */
  readonly forMs: number
  /** Before the second attempt, ms. */
  readonly firstMs: number
  /** By how much each pause is longer than the one before it. */
  readonly factor: number
  /** No pause grows longer than this, ms. */
  readonly longestMs: number
  /** How far a pause may vary, as a fraction of it: 0.25 is a quarter more or less. */
  readonly jitter: number
  readonly attempts: number
}

/** Changes to a plan, in the form of the workspace file, in which they are stored too. What is left out stays unchanged. */
export type RetrySettings = {
  readonly for?: string
  readonly first?: string
  readonly longest?: string
  readonly factor?: number
  readonly jitter?: number
  readonly attempts?: number
}

/** The maximum of attempts of any plan. */
export const MAX_ATTEMPTS = 1000

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const UNITS: { readonly [unit: string]: number } = { s: SECOND, m: MINUTE, h: HOUR, d: DAY }

export const WEBHOOK_PLAN: RetryPlan = {
  forMs: 72 * HOUR,
  firstMs: SECOND,
  factor: 2,
  longestMs: 4 * HOUR,
  jitter: 0.25,
  attempts: MAX_ATTEMPTS,
}

export const MAIL_PLAN: RetryPlan = {
  forMs: 48 * HOUR,
  firstMs: SECOND,
  factor: 3,
  longestMs: 2 * HOUR,
  jitter: 0.25,
  attempts: MAX_ATTEMPTS,
}

/**
 * The default plans of effects, by their names in the workspace file. effect-kinds.ts says which kind of effect has which plan.
 */
export const RETRY_PLANS = { webhook: WEBHOOK_PLAN, mail: MAIL_PLAN } as const satisfies {
  readonly [name: string]: RetryPlan
}
export type RetryKind = keyof typeof RETRY_PLANS

/** Settings by the plan that they change. */
export type Retries = { readonly [kind in RetryKind]?: RetrySettings }

export type RetryState = {
  /** The attempt that would be made: 2 for the first retry. */
  readonly next: number
  /** The sum of all pauses until now. */
  readonly waitedMs: number
  /** The other side asked not to be tried sooner (Retry-After). */
  readonly notBeforeMs?: number
  readonly random01: number
}

/** Milliseconds before the next attempt; null: the plan is over. Pure; whether the plan is over does not depend on `random01`. */
export function pauseBefore(
  plan: RetryPlan,
  { next, waitedMs, notBeforeMs = 0, random01 }: RetryState,
): number | null {
  const leftMs = plan.forMs - waitedMs
  if (next > plan.attempts || leftMs <= 0) return null
  const grown = Math.min(plan.longestMs, plan.firstMs * plan.factor ** (next - 2))
  const spread = grown * (1 - plan.jitter + 2 * plan.jitter * random01)
  return Math.ceil(Math.max(Math.min(spread, leftMs), notBeforeMs))
}

/** `base`, changed by `settings`. A value that is not a valid setting changes nothing. */
export function planWith(base: RetryPlan, settings: RetrySettings): RetryPlan {
  const { factor = base.factor, jitter = base.jitter, attempts = base.attempts } = settings
  return {
    forMs: timeMs(settings.for) ?? base.forMs,
    firstMs: timeMs(settings.first) ?? base.firstMs,
    longestMs: timeMs(settings.longest) ?? base.longestMs,
    factor,
    jitter,
    attempts,
  }
}

/** The plan of an effect. `stored`: the settings that are stored with the effect; null: the plan of its kind. */
export function storedPlan(base: RetryPlan, stored: string | null): RetryPlan {
  return stored === null ? base : planWith(base, JSON.parse(stored) as RetrySettings)
}

/**
 * Reads `retries` of the workspace file: `{ webhook: { for: 24h }, mail: … }`. `around`: the settings of the enclosing levels,
 * which hold where this one has none. Mistakes are noted; then the result is null.
 */
export function readRetries(
  value: unknown,
  around: readonly Retries[],
  { path, mistakes }: FilePosition,
): Retries | null {
  const found = retryMistakes(value, around)
  for (const mistake of found) mistakes.add({ ...mistake, path: [...path, ...mistake.path] })
  return found.length === 0 ? (value as Retries) : null
}

/** The mistakes in `value`, each with its position. Without any, it is a `Retries`. */
export function retryMistakes(value: unknown, around: readonly Retries[] = []): readonly Mistake[] {
  const known = Object.keys(RETRY_PLANS)
  if (!isObject(value)) return [{ path: [], problem: 'must be an object', accepted: known.join(', ') }]
  return Object.entries(value).flatMap(([kind, settings]): readonly Mistake[] => {
    if (!Object.hasOwn(RETRY_PLANS, kind)) return [unknownName([kind], known)]
    const outer = around.flatMap(retries => retries[kind as RetryKind] ?? [])
    return settingMistakes(settings, kind as RetryKind, outer).map(mistake => ({
      ...mistake,
      path: [kind, ...mistake.path],
    }))
  })
}

const TIME_BOUNDS = {
  for: [MINUTE, 14 * DAY, '1m to 14d'],
  first: [SECOND, DAY, '1s to 1d'],
  longest: [SECOND, DAY, '1s to 1d'],
} as const
const NUMBER_BOUNDS = {
  factor: [1, 10],
  jitter: [0, 0.5],
  attempts: [1, MAX_ATTEMPTS],
} as const
const SETTINGS = [...Object.keys(TIME_BOUNDS), ...Object.keys(NUMBER_BOUNDS)]

function settingMistakes(
  value: unknown,
  kind: RetryKind,
  outer: readonly RetrySettings[],
): readonly Mistake[] {
  if (!isObject(value)) return [{ path: [], problem: 'must be an object', accepted: SETTINGS.join(', ') }]
  const mistakes = Object.entries(value).flatMap(([name, given]) => settingMistake(name, given) ?? [])
  if (mistakes.length > 0) return mistakes
  const plan = [...outer, value as RetrySettings].reduce(planWith, RETRY_PLANS[kind])
  const needed = attemptsOf({ ...plan, attempts: MAX_ATTEMPTS + 1 })
  if (needed <= plan.attempts || plan.attempts < MAX_ATTEMPTS) return []
  const accepted = 'a shorter `for`, a longer `longest`, or a number of `attempts`'
  return [{ path: [], problem: `needs more than ${MAX_ATTEMPTS} attempts`, accepted }]
}

function settingMistake(name: string, given: unknown): Mistake | null {
  if (Object.hasOwn(TIME_BOUNDS, name)) {
    const [min, max, range] = TIME_BOUNDS[name as keyof typeof TIME_BOUNDS]
    const ms = timeMs(given)
    if (ms !== null && ms >= min && ms <= max) return null
    return {
      path: [name],
      problem: `must be a time from ${range}`,
      accepted: 'a time such as 90s, 15m, 24h or 3d',
    }
  }
  if (!Object.hasOwn(NUMBER_BOUNDS, name)) return unknownName([name], SETTINGS)
  const [min, max] = NUMBER_BOUNDS[name as keyof typeof NUMBER_BOUNDS]
  const whole = name === 'attempts'
  const fits =
    typeof given === 'number' && given >= min && given <= max && (!whole || Number.isInteger(given))
  return fits
    ? null
    : { path: [name], problem: `must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}` }
}

/** How many attempts the plan makes until it is over, if all pauses are the shortest possible. */
function attemptsOf(plan: RetryPlan): number {
  let waitedMs = 0
  for (let made = 1; ; made++) {
    const pause = pauseBefore(plan, { next: made + 1, waitedMs, random01: 0 })
    if (pause === null) return made
    waitedMs += pause
  }
}

function timeMs(text: unknown): number | null {
  const parts = typeof text === 'string' ? /^(\d{1,6})([smhd])$/.exec(text) : null
  return parts ? Number(parts[1]) * (UNITS[parts[2] as string] as number) : null
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
