// What is wrong with a file that people write by hand: all of it at once, each with its place and with what would be taken.

/** A place in the file: keys and indexes from the top. */
export type Path = readonly (string | number)[]

export type Mistake = {
  readonly path: Path
  /** Follows the place: 'is not known here'. */
  readonly problem: string
  /** What would be taken, where the problem does not say it: 'one of mail, webhook, delay, if'. */
  readonly accepted?: string
  /** The name at the end of the path is wrong, not what stands behind it. */
  readonly ofName?: boolean
}

/** More than these are counted and not kept. */
export const MOST_MISTAKES = 100

export class Mistakes {
  readonly #kept: Mistake[] = []
  #count = 0

  add(mistake: Mistake): void {
    this.#count += 1
    if (this.#kept.length < MOST_MISTAKES) this.#kept.push(mistake)
  }

  /** Counts what is not worth keeping. */
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

/** `tenants[0].users[1].upn`; names that are too long to be any are cut. */
export function pathText(path: Path): string {
  return path
    .map((part, i) =>
      typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${part.slice(0, 100).toWellFormed()}`,
    )
    .join('')
}

/** The known word that `word` was most likely meant to be; null when none is near. */
export function nearestWord(word: string, known: readonly string[]): string | null {
  const most = Math.min(2, Math.max(1, Math.floor(word.length / 3)))
  if (word.length > 100) return null
  let best: string | null = null
  let fewest = most + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) > most) continue
    const changes = distance(word.toLowerCase(), candidate.toLowerCase())
    if (changes < fewest) [best, fewest] = [candidate, changes]
  }
  return best
}

/** Letters that have to be put in, taken out, replaced or swapped with their neighbour. */
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
