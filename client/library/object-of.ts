// What the documentation calls a JSON object, and pages give as an object or as its text.

/** Null for what is neither. */
export function objectOf(input: unknown): Readonly<Record<string, unknown>> | null {
  let value = input
  if (typeof input === 'string') {
    try {
      value = JSON.parse(input)
    } catch {
      return null
    }
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? (value as Readonly<Record<string, unknown>>) : null
}
