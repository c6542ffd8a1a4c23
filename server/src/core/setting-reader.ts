// Reads one object of a file that people write by hand: every setting with its bounds. What is wrong is noted and read as
// empty, so that the reading goes on to the next mistake; nothing is made of a file that has one.

import { type Mistakes, nearestWord, type Path } from './mistakes.ts'

/** A word is compared with this many; a hundred mistakes in a file of ten thousand names must stay a moment's work. */
const MOST_COMPARED = 500

export type Place = { readonly path: Path; readonly mistakes: Mistakes }

type TextBounds = {
  readonly most: number
  /** With what it means, for people. */
  readonly pattern?: readonly [RegExp, string]
  /** Taken when it is left out; without one it is required. */
  readonly fallback?: string
  /** Line breaks and other control characters may stand in it. */
  readonly anyCharacters?: boolean
}

export class SettingReader<Name extends string> {
  readonly path: Path
  readonly mistakes: Mistakes
  readonly #source: Readonly<Record<string, unknown>>
  /** False when there is no object to read. */
  readonly isThere: boolean

  /** `names`: all that may stand in it. */
  constructor(source: unknown, names: readonly Name[], { path, mistakes }: Place) {
    this.path = path
    this.mistakes = mistakes
    this.isThere = typeof source === 'object' && source !== null && !Array.isArray(source)
    this.#source = this.isThere ? (source as Readonly<Record<string, unknown>>) : {}
    if (!this.isThere) mistakes.add({ path, problem: 'must be an object', accepted: names.join(', ') })
    for (const name of Object.keys(this.#source)) {
      if (!(names as readonly string[]).includes(name)) mistakes.add(unknownName([...path, name], names))
    }
  }

  /** As it stands there; undefined when it is left out. */
  raw(name: Name): unknown {
    const value = Object.hasOwn(this.#source, name) ? this.#source[name] : undefined
    return value ?? undefined
  }

  place(...rest: Path): Place {
    return { path: [...this.path, ...rest], mistakes: this.mistakes }
  }

  wrong(name: Name, problem: string, accepted?: string): void {
    this.mistakes.add({
      path: [...this.path, name],
      problem,
      ...(accepted === undefined ? {} : { accepted }),
    })
  }

  /** At least one character that is not blank; '' for a mistake. */
  text(name: Name, { most, pattern, fallback, anyCharacters = false }: TextBounds): string {
    const value = this.raw(name)
    if (value === undefined && fallback !== undefined) return fallback
    if (value === undefined) this.missing(name)
    else if (typeof value !== 'string') this.wrong(name, 'must be a text')
    else if (value.trim() === '') this.wrong(name, 'must not be empty')
    else if (value.length > most) this.wrong(name, `is longer than ${most} characters`)
    else if (!anyCharacters && /[\u0000-\u001f\u007f]/.test(value))
      this.wrong(name, 'holds characters that may not stand in it', 'one line of text')
    else if (pattern && !pattern[0].test(value)) this.wrong(name, 'is not as it has to be', pattern[1])
    else return value
    return ''
  }

  integer(
    name: Name,
    bounds: { readonly min: number; readonly max: number; readonly fallback: number },
  ): number {
    const value = this.raw(name) ?? bounds.fallback
    if (Number.isInteger(value) && Number(value) >= bounds.min && Number(value) <= bounds.max)
      return Number(value)
    this.wrong(name, `must be a whole number from ${bounds.min} to ${bounds.max}`)
    return bounds.fallback
  }

  flag(name: Name, fallback: boolean): boolean {
    const value = this.raw(name) ?? fallback
    if (typeof value === 'boolean') return value
    this.wrong(name, 'must be true or false')
    return fallback
  }

  /** One of `values`; the first is the default. */
  choice<const T extends string>(name: Name, values: readonly [T, ...T[]]): T {
    const value = this.raw(name) ?? values[0]
    const found = values.find(each => each === value)
    if (found !== undefined) return found
    this.wrong(name, suggestion('is not known', value, values), `one of ${values.join(', ')}`)
    return values[0]
  }

  list(name: Name, most: number): readonly unknown[] {
    const value = this.raw(name) ?? []
    if (!Array.isArray(value)) this.wrong(name, 'must be a list')
    else if (value.length > most) this.wrong(name, `has more than ${most} entries`)
    else return value
    return []
  }

  missing(name: Name): void {
    this.mistakes.add({ path: this.path, problem: `${name} is missing` })
  }
}

export function unknownName(path: Path, known: readonly string[]) {
  const problem = suggestion('is not known here', path.at(-1), known)
  return { path, problem, accepted: known.join(', '), ofName: true }
}

/** `problem`, and what was perhaps meant. */
export function suggestion(problem: string, given: unknown, known: readonly string[]): string {
  const near = typeof given === 'string' && known.length <= MOST_COMPARED ? nearestWord(given, known) : null
  return near === null ? problem : `${problem}; did you mean ${near}?`
}
