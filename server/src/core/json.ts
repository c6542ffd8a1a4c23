// What may be kept as JSON, checked before it meets PostgreSQL, which refuses a NUL and a lone surrogate only after a
// whole batch has been gathered around it.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** Deepest nesting of arrays and objects that is accepted anywhere. */
export const MAX_JSON_DEPTH = 64

export type JsonFault = { readonly path: string; readonly fault: 'nul' | 'lone_surrogate' | 'too_deep' }

/** The first thing in `value` that PostgreSQL or a later reader would choke on; null when there is none. Never recurses. */
export function jsonFault(value: unknown): JsonFault | null {
  const stack: { value: unknown; path: string; depth: number }[] = [{ value, path: '', depth: 0 }]
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (typeof at.value === 'string') {
      const fault = textFault(at.value)
      if (fault) return { path: at.path, fault }
    } else if (typeof at.value === 'object' && at.value !== null) {
      if (at.depth >= MAX_JSON_DEPTH) return { path: at.path, fault: 'too_deep' }
      for (const [key, child] of Object.entries(at.value)) {
        const path = at.path === '' ? key : `${at.path}.${key}`
        const fault = textFault(key)
        if (fault) return { path, fault }
        stack.push({ value: child, path, depth: at.depth + 1 })
      }
    }
  }
  return null
}

/** A NUL or an unpaired surrogate in a text; null when there is neither. */
export function textFault(text: string): 'nul' | 'lone_surrogate' | null {
  if (text.includes('\0')) return 'nul'
  return text.isWellFormed() ? null : 'lone_surrogate'
}
