// Reads YAML (or JSON) into plain values, with the position of each. The YAML library's own check for duplicate keys takes quadratic
// time, and its aliases can multiply the values, so both are done here, within limits. This room (workspace/) reads the file for all
// rooms: text, schema, mistakes and ids. It must not load the store or anything that knows a secret, nor decide what a section means.

import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { textFault } from '../core/json.ts'
import type { Mistake, Mistakes, Path } from '../core/mistakes.ts'
import { WORKSPACE_LIMITS as LIMITS } from './limits.ts'

/** Values for `${PUBLIC_URL}` and the like in any text of the file. */
export type Variables = { readonly [name: string]: string }

export type Position = { readonly lineNumber: number; readonly columnNumber: number }

export type WorkspaceText = {
  /** Undefined when the text could not be read. */
  readonly value: unknown
  /** Of a mistake that was found here or in `value`; of the nearest thing around it that is there. */
  positionOf(mistake: Mistake): Position | null
}

/** The later ones are mostly consequences of the first ones. */
const MAX_SYNTAX_MISTAKES = 5

export function readWorkspaceText(text: string, variables: Variables, mistakes: Mistakes): WorkspaceText {
  if (text.length > LIMITS.characters) {
    mistakes.add({ path: [], problem: `is longer than ${LIMITS.characters} characters` })
    return { value: undefined, positionOf: () => null }
  }
  const lines = new LineCounter()
  // Core schema: no dates and no merge keys, so that a value is what it looks like.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    stringKeys: true,
    version: '1.2',
  })
  const offsets = new Map<Mistake, number>()
  const note = (mistake: Mistake, offset: number) => {
    offsets.set(mistake, offset)
    mistakes.add(mistake)
  }
  const broken = [...document.errors, ...document.warnings]
  for (const error of broken.slice(0, MAX_SYNTAX_MISTAKES))
    note({ path: [], problem: `YAML: ${error.message}` }, error.pos[0])
  mistakes.addUnkept(Math.max(0, broken.length - MAX_SYNTAX_MISTAKES))
  const value = broken.length > 0 ? undefined : new ValueReader(document, variables, note).read()
  const positionOf = (mistake: Mistake): Position | null => {
    const offset = offsets.get(mistake) ?? offsetOf(document, mistake)
    if (offset === null) return null
    const start = lines.linePos(offset)
    return { lineNumber: start.line, columnNumber: start.col }
  }
  return { value, positionOf }
}

class TooMuch extends Error {}

class ValueReader {
  readonly #document: Document
  readonly #variables: Variables
  readonly #note: (mistake: Mistake, offset: number) => void
  #values = 0
  #aliases = 0

  constructor(document: Document, variables: Variables, note: (mistake: Mistake, offset: number) => void) {
    this.#document = document
    this.#variables = variables
    this.#note = note
  }

  /** Undefined when the file holds more than the limits allow. */
  read(): unknown {
    try {
      return this.#valueOf(this.#document.contents, [])
    } catch (error) {
      if (error instanceof TooMuch) return undefined
      throw error
    }
  }

  #valueOf(node: unknown, path: Path): unknown {
    if (node === null || node === undefined) return null
    const offset = (node as Node).range?.[0] ?? 0
    if (++this.#values > LIMITS.values)
      this.#stop(
        path,
        offset,
        `holds more than ${LIMITS.values} values (aliases count as what they stand for)`,
      )
    if (path.length > LIMITS.depth) this.#stop(path, offset, 'is nested too deeply')
    if (isAlias(node)) {
      if (++this.#aliases > LIMITS.aliases)
        this.#stop(path, offset, `is one alias too many: ${LIMITS.aliases} may be used`)
      const meant = node.resolve(this.#document)
      if (meant === undefined)
        this.#note({ path, problem: `names no anchor: ${node.source.slice(0, 100)}` }, offset)
      return this.#valueOf(meant, path)
    }
    if (isSeq(node)) return node.items.map((item, i) => this.#valueOf(item, [...path, i]))
    if (isMap(node)) {
      const entries = new Map<string, unknown>()
      for (const { key, value } of node.items) {
        const name = this.#text(String(isScalar(key) ? key.value : key), path, offset)
        const at = [...path, name]
        const keyOffset = (key as Node | null)?.range?.[0] ?? offset
        if (entries.has(name)) this.#note({ path: at, problem: 'is there twice', ofName: true }, keyOffset)
        entries.set(name, this.#valueOf(value, at))
      }
      return Object.fromEntries(entries)
    }
    const { value } = node as { readonly value: unknown }
    if (typeof value === 'string') return this.#text(this.#filled(value), path, offset)
    // A directive may ask for YAML 1.1, which knows dates and octets.
    if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
    this.#note({ path, problem: 'is of a type that may not stand here', accepted: 'text in quotes' }, offset)
    return null
  }

  #text(text: string, path: Path, offset: number): string {
    if (textFault(text) === null) return text
    this.#note({ path, problem: 'holds characters that cannot be kept' }, offset)
    return ''
  }

  #filled(text: string): string {
    return text.replace(/\$\{([A-Z_]+)\}/g, (whole, name: string) => this.#variables[name] ?? whole)
  }

  #stop(path: Path, offset: number, problem: string): never {
    this.#note({ path, problem }, offset)
    throw new TooMuch()
  }
}

/** The offset of the value at the path; where there is none, of the nearest value around it. */
function offsetOf(document: Document, { path, ofName = false }: Mistake): number | null {
  let at: unknown = document.contents
  let offset = (at as Node | null)?.range?.[0] ?? null
  for (const [depth, part] of path.entries()) {
    if (isAlias(at)) at = at.resolve(document)
    if (isMap(at)) {
      const pair = at.items.find(({ key }) => String(isScalar(key) ? key.value : key) === part)
      if (!pair) return offset
      const isName = ofName && depth === path.length - 1
      at = pair.value
      const node = isName || !(at as Node | null)?.range ? pair.key : at
      offset = (node as Node | null)?.range?.[0] ?? offset
    } else if (isSeq(at)) {
      at = at.items[Number(part)]
      if (at === undefined) return offset
      offset = (at as Node | null)?.range?.[0] ?? offset
    } else return offset
  }
  return offset
}
