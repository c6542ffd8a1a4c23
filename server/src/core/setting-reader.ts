// Reads one object of a file that people write by hand: every setting with its bounds. A wrong setting is noted and
// read as empty, so that reading goes on to the next mistake. A file that has a mistake is never used.

import { type Mistakes, nearestWord, type Path } from './mistakes.ts'

/** A word is compared only with lists of at most so many: a hundred mistakes in a file of ten thousand names must not take long. */
const MAX_COMPARED_WORDS = 500

export type FilePosition = { readonly path: Path; readonly mistakes: Mistakes }

type TextBounds = {
  readonly maxLength: number
  /** The pattern, and what it requires in words. */
  readonly pattern?: readonly [RegExp, string]
  /** Used when the setting is left out. Without a fallback the setting is required. */
  readonly fallback?: string
  /** Allows line breaks and other control characters. */
  readonly anyCharacters?: boolean
}

export class SettingReader<Name extends string> {
  readonly path: Path
  readonly mistakes: Mistakes
  readonly #source: Readonly<Record<string, unknown>>
  /** False when there is no object to read. */
  readonly isThere: boolean

  /** `names`: all settings that the object may have. */
  constructor(source: unknown, names: readonly Name[], { path, mistakes }: FilePosition) {
    this.path = path
    this.mistakes = mistakes
    this.isThere = typeof source === 'object' && source !== null && !Array.isArray(source)
    this.#source = this.isThere ? (source as Readonly<Record<string, unknown>>) : {}
    if (!this.isThere) mistakes.add({ path, problem: 'must be an object', accepted: names.join(', ') })
    for (const name of Object.keys(this.#source)) {
      if (!(names as readonly string[]).includes(name)) mistakes.add(unknownName([...path, name], names))
    }
  }

  /** The value as it is in the file; undefined when it is left out. */
  raw(name: Name): unknown {
    const value = Object.hasOwn(this.#source, name) ? this.#source[name] : undefined
    return value ?? undefined
  }

  position(...rest: Path): FilePosition {
    return { path: [...this.path, ...rest], mistakes: this.mistakes }
  }

  addMistake(name: Name, problem: string, accepted?: string): void {
    this.mistakes.add({
      path: [...this.path, name],
      problem,
      ...(accepted === undefined ? {} : { accepted }),
    })
  }

  /** A text with at least one character that is not blank; '' for a mistake. */
  text(name: Name, { maxLength, pattern, fallback, anyCharacters = false }: TextBounds): string {
    const value = this.raw(name)
    if (value === undefined && fallback !== undefined) return fallback
    if (value === undefined) this.addMissing(name)
    else if (typeof value !== 'string') this.addMistake(name, 'must be a text')
    else if (value.trim() === '') this.addMistake(name, 'must not be empty')
    else if (value.length > maxLength) this.addMistake(name, `is longer than ${maxLength} characters`)
    else if (!anyCharacters && /[\u0000-\u001f\u007f]/.test(value))
      this.addMistake(name, 'holds characters that may not stand in it', 'one line of text')
    else if (pattern && !pattern[0].test(value)) this.addMistake(name, 'is not as it has to be', pattern[1])
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
    this.addMistake(name, `must be a whole number from ${bounds.min} to ${bounds.max}`)
    return bounds.fallback
  }

  flag(name: Name, fallback: boolean): boolean {
    const value = this.raw(name) ?? fallback
    if (typeof value === 'boolean') return value
    this.addMistake(name, 'must be true or false')
    return fallback
  }

  /** One of `values`; the first is the default. */
  choice<const T extends string>(name: Name, values: readonly [T, ...T[]]): T {
    const value = this.raw(name) ?? values[0]
    const found = values.find(each => each === value)
    if (found !== undefined) return found
    this.addMistake(name, suggestion('is not known', value, values), `one of ${values.join(', ')}`)
    return values[0]
  }

  list(name: Name, maxEntries: number): readonly unknown[] {
    const value = this.raw(name) ?? []
    if (!Array.isArray(value)) this.addMistake(name, 'must be a list')
    else if (value.length > maxEntries) this.addMistake(name, `has more than ${maxEntries} entries`)
    else return value
    return []
  }

  addMissing(name: Name): void {
    this.mistakes.add({ path: this.path, problem: `${name} is missing` })
  }
}

export function unknownName(path: Path, known: readonly string[]) {
  const problem = suggestion('is not known here', path.at(-1), known)
  return { path, problem, accepted: known.join(', '), ofName: true }
}

/** `problem`, with a similar known word if there is one. */
export function suggestion(problem: string, given: unknown, known: readonly string[]): string {
  const near =
    typeof given === 'string' && known.length <= MAX_COMPARED_WORDS ? nearestWord(given, known) : null
  return near === null ? problem : `${problem}; did you mean ${near}?`
}
