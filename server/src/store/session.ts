// One connection of the pool, with the statements that it has prepared and the shape of their rows. A group of statements is sent in
// one write and answered in one: the driver's own way costs a round trip for each statement.
//
//   Parse (once per connection and name) · Bind · Describe (once) · Execute     for each statement
//   Sync                                                                        once, at the end
//
// Up to the Sync, PostgreSQL runs all of it in one transaction (if none was begun), each statement with a snapshot of its
// own. When one fails it skips everything up to the Sync, and undoes what the group did before.

import pg from 'pg'
import { type ArrayType, arrayParameters } from './binary-arrays.ts'
import { MessageBytes } from './message-bytes.ts'
import type { Statement } from './statements.ts'

export type Row = pg.QueryResultRow

export type Step = {
  readonly statement: Statement
  readonly values?: readonly unknown[]
  /** Nobody looks at its rows. */
  readonly rowsUnwanted?: boolean
}

export type Answer = {
  /** Of each step, in order. */
  readonly rows: readonly (readonly Row[])[]
  /** PostgreSQL's command tag of the last step. */
  readonly lastTag: string
}

type ReadRow = (values: readonly (string | null)[]) => Row

/** A statement that PostgreSQL knows by its name; without a name, for one use. */
type Prepared = {
  readonly name: string
  readonly text: string
  readonly arrays: readonly (ArrayType | undefined)[]
  /**
   * Null for a statement without rows; undefined until it was described. It cannot become outdated: PostgreSQL refuses to run
   * a prepared statement whose columns have changed (0A000, after a migration), and then the connection is closed.
   */
  readRow: ReadRow | null | undefined
}

export class Session {
  readonly client: pg.PoolClient
  readonly prepared = new Map<string, Prepared>()
  /** Reused for each group: when a group is answered, PostgreSQL has read it. */
  readonly out = new MessageBytes()
  group: Group | null = null
  /** Set when the connection is broken or in an unexpected state: it must not go back into the pool. */
  unfit: Error | null = null
  private readonly answerWithinMs: number

  /** `answerWithinMs`: when it takes longer, the connection counts as dead. 0: never. */
  constructor(client: pg.PoolClient, answerWithinMs: number) {
    this.client = client
    this.answerWithinMs = answerWithinMs
    // The driver keeps this one for itself.
    client.connection.on('parseComplete', () => this.group?.handleParseComplete())
  }

  /** Runs the steps as one group. Rejects with the error of the step that failed, or of the connection. */
  run(steps: readonly Step[]): Promise<Answer> {
    return this.ask(new Group(this, steps, false))
  }

  /** Runs a text that may hold several statements: PostgreSQL accepts that only without parameters, and not in a group. */
  runScript(text: string): Promise<Answer> {
    return this.ask(new Group(this, [{ statement: { text } }], true))
  }

  private async ask(group: Group): Promise<Answer> {
    const { stream } = this.client.connection
    const late = () => void stream.destroy(new Error('query read timeout'))
    const timer = this.answerWithinMs > 0 ? setTimeout(late, this.answerWithinMs) : undefined
    try {
      this.client.query(group)
      return await group.answer
    } catch (error) {
      if (!leavesFit(error)) this.unfit ??= error as Error
      throw error
    } finally {
      clearTimeout(timer)
    }
  }
}

/** A step that was sent. */
type Part = {
  readonly prepared: Prepared
  readonly unwanted: boolean
  readonly described: boolean
  readonly rows: Row[]
}

/** The query object for the driver: it sends the group, and gets the answers. The driver sends the next one after this Sync is answered. */
class Group {
  readonly answer: Promise<Answer>
  private readonly settled = Promise.withResolvers<Answer>()
  private readonly session: Session
  private readonly steps: readonly Step[]
  private readonly isScript: boolean
  private readonly parts: Part[] = []
  /** The part whose answer is awaited. */
  private at = 0
  /** The parts whose Parse was sent, in this order, and how many of them were answered. */
  private readonly parsing: Prepared[] = []
  private parsed = 0
  private lastTag = ''
  private unreadable: Error | null = null

  constructor(session: Session, steps: readonly Step[], isScript: boolean) {
    this.session = session
    this.steps = steps
    this.isScript = isScript
    this.answer = this.settled.promise
  }

  /** Called when the connection is free. Returns an error when the group cannot be written; nothing is sent then. */
  submit(connection: pg.Connection): Error | null {
    const { out } = this.session
    out.clear()
    try {
      if (this.isScript) this.writeScript(out)
      else this.write(out)
    } catch (error) {
      return error as Error
    }
    this.session.group = this
    connection.stream.write(out.written)
    return null
  }

  private write(out: MessageBytes): void {
    for (const { statement, values = [], rowsUnwanted = false } of this.steps) {
      const prepared = this.known(statement) ?? this.parse(out, statement)
      out.bind(prepared.name, values, prepared.arrays)
      const described = !rowsUnwanted && prepared.readRow === undefined
      if (described) out.describePortal()
      out.execute()
      this.parts.push({ prepared, unwanted: rowsUnwanted, described, rows: [] })
    }
    out.sync()
  }

  private writeScript(out: MessageBytes): void {
    for (const { statement } of this.steps) {
      out.query(statement.text)
      this.parts.push({ prepared: unprepared(statement), unwanted: false, described: true, rows: [] })
    }
  }

  private known({ name, text }: Statement): Prepared | undefined {
    if (!name) return undefined
    const known = this.session.prepared.get(name) ?? this.parsing.find(other => other.name === name)
    if (known && known.text !== text) throw new Error(`two statements have the name ${name}`)
    return known
  }

  private parse(out: MessageBytes, statement: Statement): Prepared {
    const prepared = unprepared(statement)
    out.parse(prepared.name, prepared.text)
    this.parsing.push(prepared)
    return prepared
  }

  handleParseComplete(): void {
    const prepared = this.parsing[this.parsed++]
    // The name stays prepared even when the group fails and is rolled back.
    if (prepared?.name) this.session.prepared.set(prepared.name, prepared)
  }

  handleRowDescription({ fields }: { readonly fields: readonly pg.FieldDef[] }): void {
    const part = this.parts[this.at]
    if (part) part.prepared.readRow = rowReader(fields)
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const part = this.parts[this.at]
    if (!part || part.unwanted) return
    try {
      part.rows.push(part.prepared.readRow?.(fields) ?? {})
    } catch (error) {
      this.unreadable ??= error as Error
    }
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const part = this.parts[this.at]
    // A description was requested, and none came.
    if (part?.described) part.prepared.readRow ??= null
    this.lastTag = text
    // A script has several of them.
    if (this.at < this.parts.length - 1) this.at += 1
  }

  handleEmptyQuery(): void {
    this.handleCommandComplete({ text: '' })
  }

  // Only the driver's stream can end this: PostgreSQL would wait for rows, and the driver's queue for PostgreSQL.
  handleCopyInResponse(connection: pg.Connection): void {
    connection.stream.destroy(
      new Error('COPY FROM STDIN is for copy-stream.ts, not for a group of statements'),
    )
  }

  handleCopyData(): void {}

  handleReadyForQuery(): void {
    this.releaseSession()
    if (this.unreadable) this.settled.reject(this.unreadable)
    else this.settled.resolve({ rows: this.parts.map(part => part.rows), lastTag: this.lastTag })
  }

  handleError(error: Error): void {
    this.releaseSession()
    const name = this.parts[this.at]?.prepared.name
    if (name && error instanceof pg.DatabaseError) {
      const inside = error.where === undefined ? '' : `${error.where}\n`
      error.where = `${inside}statement ${name}`
    }
    this.settled.reject(error)
  }

  private releaseSession(): void {
    if (this.session.group === this) this.session.group = null
  }
}

// 0A000: the columns of the statement have changed. 26000, 42P05: we believe the name is prepared and it is not, or the reverse.
const NOT_AS_PREPARED = /^(0A000|26000|42P05)$/

/** True for an error of a statement that leaves the connection usable. */
function leavesFit(error: unknown): boolean {
  // With another language than English the severity is another word: then a good connection is closed, which does no harm.
  return (
    error instanceof pg.DatabaseError && error.severity === 'ERROR' && !NOT_AS_PREPARED.test(error.code ?? '')
  )
}

function unprepared({ name = '', text }: Statement): Prepared {
  return { name, text, arrays: arrayParameters(text), readRow: undefined }
}

function rowReader(fields: readonly pg.FieldDef[]): ReadRow {
  const names = fields.map(field => field.name)
  const parsers = fields.map(field => pg.types.getTypeParser(field.dataTypeID, 'text'))
  const empty: Row = Object.fromEntries(names.map(name => [name, null]))
  return values => {
    const row = { ...empty }
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      if (value != null) row[names[i] as string] = parsers[i]?.(value)
    }
    return row
  }
}
