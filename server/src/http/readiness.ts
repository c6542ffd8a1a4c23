// Whether the server can do its work: what /readyz looks at.

import { withinTime } from './with-timeout.ts'

/** Resolves when the thing checked is well; rejects with the reason when it is not. */
export type ReadinessCheck = () => Promise<void>

const WELL_FOR_MS = 100
const CHECK_WITHIN_MS = 3000

/** One look for all who ask at a time; what was well is so for `wellForMs`. So asking often costs little, and what changes is told. */
export function sharedLook(
  checks: ReadonlyMap<string, ReadinessCheck>,
  wellForMs = WELL_FOR_MS,
): () => Promise<readonly Looked[]> {
  let looking: Promise<readonly Looked[]> | null = null
  let well: { readonly results: readonly Looked[]; readonly until: number } | null = null
  return async () => {
    if (well !== null && performance.now() < well.until) return well.results
    looking ??= look(checks).finally(() => {
      looking = null
    })
    const results = await looking
    well = isWell(results) ? { results, until: performance.now() + wellForMs } : null
    return results
  }
}

export function isWell(results: readonly Looked[]): boolean {
  return results.every(result => result.error === null)
}

type Looked = { readonly name: string; readonly error: string | null }

async function look(checks: ReadonlyMap<string, ReadinessCheck>): Promise<readonly Looked[]> {
  return await Promise.all(
    [...checks].map(async ([name, check]) => ({ name, error: await failureOf(check) })),
  )
}

async function failureOf(check: ReadinessCheck): Promise<string | null> {
  try {
    await withinTime(CHECK_WITHIN_MS, check)
    return null
  } catch (error) {
    // Names only: what a driver says may hold addresses and names of the inside.
    return error instanceof Error ? error.name : 'failed'
  }
}
