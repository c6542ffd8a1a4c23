// The mistakes in a file that people write by hand. All are reported at once, each with its position and with what is accepted.

/** A position in the file: keys and indexes from the top. */
export type Path = readonly (string | number)[]

export type Mistake = {
  readonly path: Path
  /** The text that follows the position: 'is not known here'. */
  readonly problem: string
  /** What is accepted, where the problem does not say it: 'one of mail, webhook, delay, if'. */
  readonly accepted?: string
  /** True when the name at the end of the path is wrong, and not its value. */
  readonly ofName?: boolean
}

/** Further mistakes are counted, but not kept. */
export const MAX_KEPT_MISTAKES = 100

export class Mistakes {
  readonly #kept: Mistake[] = []
  #count = 0

  add(mistake: Mistake): void {
    this.#count += 1
    if (this.#kept.length < MAX_KEPT_MISTAKES) this.#kept.push(mistake)
  }

  /** Counts mistakes that are not worth keeping. */
  addUnkept(count: number): void {
    this.#count += count
  }

  get kept(): readonly Mistake[] {
    return this.#kept
  }

  /** How many there are in all. */
  get count(): number {
    return this.#count
  }
}

/** `tenants[0].users[1].upn`; very long names are cut. */
export function pathText(path: Path): string {
  return path
    .map((part, i) =>
      typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${part.slice(0, 100).toWellFormed()}`,
    )
    .join('')
}

/** The known word that the writer of `word` most likely meant; null when none is similar. */
export function nearestWord(word: string, known: readonly string[]): string | null {
  const farthest = Math.min(2, Math.max(1, Math.floor(word.length / 3)))
  if (word.length > 100) return null
  let best: string | null = null
  let fewest = farthest + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) > farthest) continue
    const changes = distance(word.toLowerCase(), candidate.toLowerCase())
    if (changes < fewest) [best, fewest] = [candidate, changes]
  }
  return best
}

/** How many letters have to be inserted, deleted, replaced or swapped with their neighbour (optimal string alignment distance). */
function distance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, before[j - 2]! + 1)
      row.push(least)
    }
    before = last
    last = row
  }
  return last[b.length]!
}
