// Checks whether a value may be stored as JSON. PostgreSQL refuses a NUL and a lone surrogate, but only when the whole batch that
// contains it is written, so it is checked before.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** Deepest nesting of arrays and objects that is accepted anywhere. */
export const MAX_JSON_DEPTH = 64

export type JsonFault = { readonly path: string; readonly fault: 'nul' | 'lone_surrogate' | 'too_deep' }

type Node = {
  readonly value: object
  readonly key: string | number
  readonly parent: Node | null
  readonly depth: number
}

/** The first thing in `value` that PostgreSQL or a later reader would refuse; null when there is none. It does not recurse. */
export function jsonFault(value: unknown): JsonFault | null {
  if (typeof value === 'string') return found(textFault(value), null, '')
  if (!isContainer(value)) return null
  const stack: Node[] = [{ value, key: '', parent: null, depth: 0 }]
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (at.depth >= MAX_JSON_DEPTH) return found('too_deep', at.parent, at.key)
    // Not `Object.entries`: a list of half a million numbers would make as many pairs.
    const keys = Array.isArray(at.value) ? null : Object.keys(at.value)
    const values: readonly unknown[] = keys ? Object.values(at.value) : (at.value as unknown[])
    for (let i = 0; i < values.length; i++) {
      const child = values[i]
      const key = keys?.[i] ?? i
      const fault =
        (typeof key === 'string' ? textFault(key) : null) ??
        (typeof child === 'string' ? textFault(child) : null)
      if (fault) return found(fault, at, key)
      if (isContainer(child)) stack.push({ value: child, key, parent: at, depth: at.depth + 1 })
    }
  }
  return null
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** The fault with its path. The path is built only when there is a fault. */
function found(
  fault: JsonFault['fault'] | null,
  parent: Node | null,
  key: string | number,
): JsonFault | null {
  if (fault === null) return null
  const keys = [key]
  for (let at = parent; at?.parent; at = at.parent) keys.unshift(at.key)
  return { path: keys.join('.'), fault }
}

/** A NUL or an unpaired surrogate in a text; null when there is neither. */
export function textFault(text: string): 'nul' | 'lone_surrogate' | null {
  if (text.includes('\0')) return 'nul'
  return text.isWellFormed() ? null : 'lone_surrogate'
}
