// Whether the server can do its work: the checks behind /readyz.

import { withTimeout } from './with-timeout.ts'

/** Resolves when the check passes; rejects with the reason when it fails. */
export type ReadinessCheck = () => Promise<void>

const WELL_FOR_MS = 100
const CHECK_WITHIN_MS = 3000

/**
 * Callers at the same time share one run of the checks, and a good result is kept for `wellForMs`. So frequent requests cost little,
 * and a change is still seen soon.
 */
export function sharedCheck(
  checks: ReadonlyMap<string, ReadinessCheck>,
  wellForMs = WELL_FOR_MS,
): () => Promise<readonly CheckResult[]> {
  let running: Promise<readonly CheckResult[]> | null = null
  let well: { readonly results: readonly CheckResult[]; readonly until: number } | null = null
  return async () => {
    if (well !== null && performance.now() < well.until) return well.results
    running ??= runChecks(checks).finally(() => {
      running = null
    })
    const results = await running
    well = isWell(results) ? { results, until: performance.now() + wellForMs } : null
    return results
  }
}

export function isWell(results: readonly CheckResult[]): boolean {
  return results.every(result => result.error === null)
}

type CheckResult = { readonly name: string; readonly error: string | null }

async function runChecks(checks: ReadonlyMap<string, ReadinessCheck>): Promise<readonly CheckResult[]> {
  return await Promise.all(
    [...checks].map(async ([name, check]) => ({ name, error: await failureOf(check) })),
  )
}

async function failureOf(check: ReadinessCheck): Promise<string | null> {
  try {
    await withTimeout(CHECK_WITHIN_MS, check)
    return null
  } catch (error) {
    // Only the name of the error: a driver's message may hold internal addresses and names.
    return error instanceof Error ? error.name : 'failed'
  }
}
