// Reads a JSON object with case-insensitive keys, as Graph's are. Errors name the property.

import { graphFault } from './faults.ts'

export class JsonFields {
  private readonly fields = new Map<string, unknown>()
  private readonly at: string

  /** `at`: the path of this object for messages, '' for the body itself. @throws Fault for anything but an object */
  constructor(value: unknown, at = '') {
    this.at = at
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw invalid(at === '' ? 'the body' : at, 'an object is expected.')
    for (const [key, field] of Object.entries(value)) {
      const name = key.toLowerCase()
      if (this.fields.has(name)) throw invalid(this.path(key), 'it is given twice.')
      this.fields.set(name, field)
    }
  }

  names(): readonly string[] {
    return [...this.fields.keys()]
  }

  path(name: string): string {
    return this.at === '' ? name : `${this.at}.${name}`
  }

  /** Undefined for a field that is missing or null. */
  get(name: string): unknown {
    return this.fields.get(name.toLowerCase()) ?? undefined
  }

  text(name: string, fallback: string, maxCharacters: number): string {
    const value = this.get(name)
    if (value === undefined) return fallback
    if (typeof value !== 'string') throw invalid(this.path(name), 'a string is expected.')
    if (value.length > maxCharacters)
      throw invalid(this.path(name), `at most ${maxCharacters} characters are accepted.`)
    return value
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.get(name)
    if (value === undefined) return fallback
    if (typeof value !== 'boolean') throw invalid(this.path(name), 'a boolean is expected.')
    return value
  }

  /** @throws Fault for anything but a number, and for a missing field */
  number(name: string): number {
    const value = this.get(name)
    if (typeof value !== 'number') throw invalid(this.path(name), 'a number is expected.')
    return value
  }

  integer(name: string, fallback: number, range: { readonly min: number; readonly max: number }): number {
    const value = this.get(name)
    if (value === undefined) return fallback
    if (typeof value !== 'number' || !Number.isInteger(value) || value < range.min || value > range.max)
      throw invalid(this.path(name), `a whole number from ${range.min} to ${range.max} is expected.`)
    return value
  }

  /** Values of an enum are case-insensitive on input (Graph's own samples write "HTML" and "Required"). */
  choice<const T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.get(name)
    if (value === undefined) return fallback
    const found =
      typeof value === 'string'
        ? choices.find(choice => choice.toLowerCase() === value.toLowerCase())
        : undefined
    if (found === undefined) throw invalid(this.path(name), `one of ${choices.join(', ')} is expected.`)
    return found
  }

  list(name: string, maxItems: number): readonly unknown[] {
    const value = this.get(name)
    if (value === undefined) return []
    if (!Array.isArray(value)) throw invalid(this.path(name), 'an array is expected.')
    if (value.length > maxItems) throw invalid(this.path(name), `at most ${maxItems} items are accepted.`)
    return value
  }

  object(name: string): JsonFields | null {
    const value = this.get(name)
    return value === undefined ? null : new JsonFields(value, this.path(name))
  }
}

export function invalid(property: string, detail: string) {
  return graphFault.ErrorPropertyValidationFailure({ property: property.slice(0, 100), detail })
}
