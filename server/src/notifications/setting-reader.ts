// Reads the settings of one object of the workspace file: each once, with its bounds; what nobody asked for is a mistake.

export class SettingReader {
  private readonly source: Readonly<Record<string, unknown>>
  private readonly where: string
  private readonly asked = new Set<string>()

  /** `where` names the object in messages: "channel softphone". */
  constructor(source: unknown, where: string) {
    if (typeof source !== 'object' || source === null || Array.isArray(source))
      throw new Error(`${where}: has to be an object`)
    this.source = source as Readonly<Record<string, unknown>>
    this.where = where
  }

  /** A text of at most `max` characters; without `fallback` it has to be there and not be empty. */
  text(name: string, bounds: { max: number; pattern?: RegExp; fallback?: string }): string {
    const value = this.take(name)
    if (value === undefined && bounds.fallback !== undefined) return bounds.fallback
    if (typeof value !== 'string' || value.trim() === '') throw this.wrong(name, 'has to be a text')
    if (value.length > bounds.max) throw this.wrong(name, `may have ${bounds.max} characters at most`)
    if (bounds.pattern && !bounds.pattern.test(value))
      throw this.wrong(name, `has to match ${bounds.pattern}`)
    return value
  }

  integer(name: string, bounds: { min: number; max: number; fallback: number }): number {
    const value = this.take(name) ?? bounds.fallback
    if (!Number.isInteger(value) || Number(value) < bounds.min || Number(value) > bounds.max)
      throw this.wrong(name, `has to be a whole number from ${bounds.min} to ${bounds.max}`)
    return Number(value)
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.take(name) ?? fallback
    if (typeof value !== 'boolean') throw this.wrong(name, 'has to be true or false')
    return value
  }

  /** One of `values`; the first is the default. */
  choice<const T extends string>(name: string, values: readonly [T, ...T[]]): T {
    const value = this.take(name) ?? values[0]
    const found = values.find(each => each === value)
    if (found === undefined) throw this.wrong(name, `has to be one of ${values.join(', ')}`)
    return found
  }

  list(name: string, max: number): readonly unknown[] {
    const value = this.take(name) ?? []
    if (!Array.isArray(value) || value.length > max)
      throw this.wrong(name, `has to be a list of ${max} at most`)
    return value
  }

  /** Throws when the object holds a setting that was not asked for: a misspelt one must not be passed over. */
  noMore(): void {
    const unknown = Object.keys(this.source).find(name => !this.asked.has(name))
    if (unknown !== undefined) throw this.wrong(unknown, 'is not a setting')
  }

  wrong(name: string, why: string): Error {
    return new Error(`${this.where}: ${name} ${why}`)
  }

  private take(name: string): unknown {
    this.asked.add(name)
    return Object.hasOwn(this.source, name) ? this.source[name] : undefined
  }
}
