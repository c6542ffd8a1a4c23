// An iCalendar reader written from RFC 5545 alone, for tests: it shares nothing with the writer. It is strict: bare line
// ends, long lines, control characters and unquoted delimiters are errors.

export type ContentLine = {
  readonly name: string
  readonly parameters: ReadonlyMap<string, string>
  /** As it stands, not unescaped. */
  readonly value: string
}

export type Component = {
  readonly name: string
  readonly lines: readonly ContentLine[]
  readonly children: readonly Component[]
}

export function readICalendar(text: string): Component {
  const physical = text.split('\r\n')
  if (physical.pop() !== '') throw new Error('the last line does not end in CRLF')
  for (const line of physical) {
    if (Buffer.byteLength(line) > 75) throw new Error(`a line of ${Buffer.byteLength(line)} octets`)
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(line)) throw new Error('a control character')
    if (!line.isWellFormed()) throw new Error('a character was cut in two')
  }
  const logical: string[] = []
  for (const line of physical) {
    if (line.startsWith(' ') || line.startsWith('\t')) logical.push(`${logical.pop() ?? ''}${line.slice(1)}`)
    else logical.push(line)
  }
  const lines = logical.map(readLine)
  const root = readComponent(lines, 0)
  if (root.next !== lines.length) throw new Error('something follows the calendar')
  return root.component
}

function readComponent(lines: readonly ContentLine[], at: number): { component: Component; next: number } {
  const begin = lines[at]
  if (begin?.name !== 'BEGIN') throw new Error('BEGIN expected')
  const own: ContentLine[] = []
  const children: Component[] = []
  let i = at + 1
  for (;;) {
    const line = lines[i]
    if (!line) throw new Error(`${begin.value} has no END`)
    if (line.name === 'END') {
      if (line.value !== begin.value) throw new Error(`END:${line.value} closes ${begin.value}`)
      return { component: { name: begin.value, lines: own, children }, next: i + 1 }
    }
    if (line.name === 'BEGIN') {
      const child = readComponent(lines, i)
      children.push(child.component)
      i = child.next
    } else {
      own.push(line)
      i += 1
    }
  }
}

function readLine(line: string): ContentLine {
  const name = /^[A-Za-z0-9-]+/.exec(line)?.[0]
  if (!name) throw new Error(`no name in ${line}`)
  const parameters = new Map<string, string>()
  let at = name.length
  while (line[at] === ';') {
    const key = /^[A-Za-z0-9-]+/.exec(line.slice(at + 1))?.[0]
    if (!key) throw new Error(`no parameter name in ${line}`)
    at += 1 + key.length
    if (line[at] !== '=') throw new Error(`no value of ${key} in ${line}`)
    at += 1
    if (line[at] === '"') {
      const end = line.indexOf('"', at + 1)
      if (end === -1) throw new Error(`an open quote in ${line}`)
      parameters.set(key, decodeParameter(line.slice(at + 1, end)))
      at = end + 1
    } else {
      const bare = /^[^",;:]*/.exec(line.slice(at))?.[0] ?? ''
      parameters.set(key, decodeParameter(bare))
      at += bare.length
    }
  }
  if (line[at] !== ':') throw new Error(`a colon is expected in ${line} at ${at}`)
  return { name, parameters, value: line.slice(at + 1) }
}

// RFC 6868.
function decodeParameter(text: string): string {
  return text.replace(/\^([n'^])/g, (_, what: string) => (what === 'n' ? '\n' : what === "'" ? '"' : '^'))
}

/** A value of type TEXT. */
export function readText(value: string): string {
  let text = ''
  for (let i = 0; i < value.length; i++) {
    const c = value[i] ?? ''
    if (c === ';' || c === ',') throw new Error('an unescaped delimiter')
    if (c !== '\\') {
      text += c
      continue
    }
    i += 1
    const escaped = value[i]
    if (escaped === 'n' || escaped === 'N') text += '\n'
    else if (escaped === '\\' || escaped === ';' || escaped === ',') text += escaped
    else throw new Error(`a bad escape \\${escaped}`)
  }
  return text
}

export function line(component: Component | undefined, name: string): ContentLine | undefined {
  const found = component?.lines.filter(one => one.name === name) ?? []
  if (found.length > 1) throw new Error(`${found.length} lines ${name}`)
  return found[0]
}
