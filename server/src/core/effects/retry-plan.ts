// How a failed attempt is followed by another: a plan says how long is waited before each, and when it is enough. A plan is
// over when so much time has been waited in all, or so many attempts were made. The pauses grow up to the longest, and are
// spread, so that a receiver that comes back is not met by everybody at once.

import type { Mistake } from '../mistakes.ts'
import { type Place, unknownName } from '../setting-reader.ts'

export type RetryPlan = {
  /** All pauses together, ms. The last attempt comes at its end. */
  readonly forMs: number
  /** Before the second attempt, ms. */
  readonly firstMs: number
  /** By how much each pause is longer than the one before it. */
  readonly factor: number
  /** No pause grows longer than this, ms. */
  readonly longestMs: number
  /** How far a pause may be off, as a part of it: 0.25 is a quarter more or less. */
  readonly jitter: number
  readonly attempts: number
}

/** What somebody says of a plan, as the workspace file has it and as it is stored; what is left out is as it was. */
export type RetrySettings = {
  readonly for?: string
  readonly first?: string
  readonly longest?: string
  readonly factor?: number
  readonly jitter?: number
  readonly attempts?: number
}

/** Most attempts of any plan. */
export const MOST_ATTEMPTS = 1000

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
  attempts: MOST_ATTEMPTS,
}

export const MAIL_PLAN: RetryPlan = {
  forMs: 48 * HOUR,
  firstMs: SECOND,
  factor: 3,
  longestMs: 2 * HOUR,
  jitter: 0.25,
  attempts: MOST_ATTEMPTS,
}

/** What a plan is given for in the workspace file, the kinds of effect that this means, and the plan that they have without it. */
export const RETRY_KINDS = {
  webhook: { kinds: ['webhook.call', 'webhook.withdraw'], plan: WEBHOOK_PLAN },
  mail: { kinds: ['mail.send'], plan: MAIL_PLAN },
} as const satisfies {
  readonly [name: string]: { readonly kinds: readonly string[]; readonly plan: RetryPlan }
}
export type RetryKind = keyof typeof RETRY_KINDS

/** Settings by what they are for. */
export type Retries = { readonly [kind in RetryKind]?: RetrySettings }

export type SoFar = {
  /** The attempt that would be made: 2 for the first retry. */
  readonly next: number
  /** All pauses until now. */
  readonly waitedMs: number
  /** The other side asked not to be tried sooner (Retry-After). */
  readonly notBeforeMs?: number
  readonly random01: number
}

/** Milliseconds before the next attempt; null: the plan is over. Pure; whether it is over does not hang on `random01`. */
export function pauseBefore(
  plan: RetryPlan,
  { next, waitedMs, notBeforeMs = 0, random01 }: SoFar,
): number | null {
  const leftMs = plan.forMs - waitedMs
  if (next > plan.attempts || leftMs <= 0) return null
  const grown = Math.min(plan.longestMs, plan.firstMs * plan.factor ** (next - 2))
  const spread = grown * (1 - plan.jitter + 2 * plan.jitter * random01)
  return Math.ceil(Math.max(Math.min(spread, leftMs), notBeforeMs))
}

/** The plan that `settings` make of `base`. What is no setting changes nothing. */
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

/** The plan of an effect as it is stored with it; null: its kind's own. */
export function storedPlan(base: RetryPlan, stored: string | null): RetryPlan {
  return stored === null ? base : planWith(base, JSON.parse(stored) as RetrySettings)
}

/**
 * Reads what the workspace file says of retries: `{ webhook: { for: 24h }, mail: … }`. `around`: what holds where this is
 * silent. Null, and noted, where it has a mistake.
 */
export function readRetries(
  value: unknown,
  around: readonly Retries[],
  { path, mistakes }: Place,
): Retries | null {
  const found = retryMistakes(value, around)
  for (const mistake of found) mistakes.add({ ...mistake, path: [...path, ...mistake.path] })
  return found.length === 0 ? (value as Retries) : null
}

/** What is wrong with it, each with its place; none: it is a `Retries`. */
export function retryMistakes(value: unknown, around: readonly Retries[] = []): readonly Mistake[] {
  const known = Object.keys(RETRY_KINDS)
  if (!isObject(value)) return [{ path: [], problem: 'must be an object', accepted: known.join(', ') }]
  return Object.entries(value).flatMap(([kind, settings]): readonly Mistake[] => {
    if (!Object.hasOwn(RETRY_KINDS, kind)) return [unknownName([kind], known)]
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
  attempts: [1, MOST_ATTEMPTS],
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
  const plan = [...outer, value as RetrySettings].reduce(planWith, RETRY_KINDS[kind].plan)
  const needed = attemptsOf({ ...plan, attempts: MOST_ATTEMPTS + 1 })
  if (needed <= plan.attempts || plan.attempts < MOST_ATTEMPTS) return []
  const accepted = 'a shorter `for`, a longer `longest`, or a number of `attempts`'
  return [{ path: [], problem: `needs more than ${MOST_ATTEMPTS} attempts`, accepted }]
}

function settingMistake(name: string, given: unknown): Mistake | null {
  if (Object.hasOwn(TIME_BOUNDS, name)) {
    const [least, most, range] = TIME_BOUNDS[name as keyof typeof TIME_BOUNDS]
    const ms = timeMs(given)
    if (ms !== null && ms >= least && ms <= most) return null
    return {
      path: [name],
      problem: `must be a time from ${range}`,
      accepted: 'a time such as 90s, 15m, 24h or 3d',
    }
  }
  if (!Object.hasOwn(NUMBER_BOUNDS, name)) return unknownName([name], SETTINGS)
  const [least, most] = NUMBER_BOUNDS[name as keyof typeof NUMBER_BOUNDS]
  const whole = name === 'attempts'
  const fits =
    typeof given === 'number' && given >= least && given <= most && (!whole || Number.isInteger(given))
  return fits
    ? null
    : { path: [name], problem: `must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}` }
}

/** Attempts until the plan is over, with the shortest pauses. */
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
