// One run of a transaction's work on one connection, with as few round trips as the answers that the work waits for:
//
//   send           is only queued
//   query          is written together with all that is queued, at the end of the turn of the event loop: queries that do not
//                  wait for each other share a write
//   begin          goes with the first write
//   commit         goes with what is still queued; when nothing was written before, neither begin nor commit is needed,
//                  since a group is a transaction by itself (session.ts)
//
// Begin must not be sent alone without waiting for its answer: if it failed, the statements after it would be committed one by one.
// Here begin is in one group with what follows, and PostgreSQL skips all steps after a failed one of a group. The next group is
// written when this one was answered.

import type { Tx } from './database.ts'
import type { Row, Session, Step } from './session.ts'
import type { Statement } from './statements.ts'

type Kept = Step & {
  /** Who gets its rows, if anybody waits for them. */
  readonly asker?: PromiseWithResolvers<readonly Row[]>
}

const BEGIN: Kept = { statement: { name: 'store.begin', text: 'begin' }, rowsUnwanted: true }
const COMMIT: Kept = { statement: { name: 'store.commit', text: 'commit' }, rowsUnwanted: true }
const ROLLBACK: Kept = { statement: { name: 'store.rollback', text: 'rollback' }, rowsUnwanted: true }

export class LazyTransaction implements Tx {
  readonly brand = 'tx'
  readonly hooks: (() => void)[] = []
  private readonly session: Session
  private kept: Kept[] = []
  /** Set as soon as begin was written, answered or not. */
  private begun = false
  private over = false
  private scheduled = false
  private underway: Promise<void> | null = null
  /** The first error: the later ones are consequences of it. */
  private failure: { readonly error: unknown } | null = null

  constructor(session: Session) {
    this.session = session
  }

  /** The error of the first failed statement; undefined while none has failed. */
  get error(): unknown {
    return this.failure?.error
  }

  query<R extends Row>(statement: Statement, values: readonly unknown[] = []): Promise<readonly R[]> {
    const refusal = this.refusal()
    if (refusal !== null) return Promise.reject(refusal.error)
    const asker = Promise.withResolvers<readonly Row[]>()
    this.kept.push({ statement, values, asker })
    this.schedule()
    // The error counts for the transaction, even when nobody waits for this answer any more.
    asker.promise.catch(ignore)
    return asker.promise as Promise<readonly R[]>
  }

  look<R extends Row>(statement: Statement, values: readonly unknown[] = []): Promise<readonly R[]> {
    return this.query(statement, values)
  }

  send(statement: Statement, values: readonly unknown[] = []): void {
    const refusal = this.refusal()
    if (this.over && refusal !== null) throw refusal.error
    if (refusal === null) this.kept.push({ statement, values, rowsUnwanted: true })
  }

  afterCommit(hook: () => void): void {
    this.hooks.push(hook)
  }

  /** Resolves when no statement is running any more. Rejects when any statement has failed. */
  async settled(): Promise<void> {
    while (this.underway !== null) await this.underway
    if (this.failure !== null) throw this.failure.error
  }

  /** Once it is settled. */
  async commit(): Promise<void> {
    this.over = true
    const kept = this.kept.splice(0)
    // Nothing was written yet: the queued statements are a transaction by themselves.
    const steps = this.begun ? [...kept, COMMIT] : kept
    if (steps.length === 0) return
    const tag = await this.write(steps)
    if (this.failure !== null) throw this.failure.error
    // PostgreSQL answers the commit of a failed transaction with the tag ROLLBACK, and not with an error.
    if (this.begun && tag !== 'COMMIT')
      throw new Error(`the commit of a transaction was answered with ${tag}`)
  }

  /** Rolls back. When the connection is broken, PostgreSQL does so by itself. */
  async rollback(error: unknown): Promise<void> {
    this.over = true
    this.failure ??= { error }
    while (this.underway !== null) await this.underway
    this.refuseKept()
    if (this.begun) await this.session.run([ROLLBACK]).catch(ignore)
  }

  private refusal(): { readonly error: unknown } | null {
    if (this.failure !== null) return this.failure
    return this.over ? { error: new Error('a statement came after the end of its transaction') } : null
  }

  /** Resolves at the end of this turn of the event loop, when all code of the turn has queued its statements. */
  private schedule(): void {
    if (this.scheduled || this.underway !== null) return
    this.scheduled = true
    process.nextTick(() => {
      this.scheduled = false
      if (!this.over && this.kept.length > 0) this.underway = this.writeKept()
    })
  }

  private async writeKept(): Promise<void> {
    const kept = this.kept.splice(0)
    const steps = this.begun ? kept : [BEGIN, ...kept]
    this.begun = true
    await this.write(steps)
    this.underway = null
    if (this.failure !== null) this.refuseKept()
    else if (this.kept.some(({ asker }) => asker !== undefined)) this.schedule()
  }

  /** Resolves with PostgreSQL's command tag of the last step; after a failure, which is recorded then, with null. */
  private async write(steps: readonly Kept[]): Promise<string | null> {
    try {
      const { rows, lastTag } = await this.session.run(steps)
      for (const [i, { asker }] of steps.entries()) asker?.resolve(rows[i] ?? [])
      return lastTag
    } catch (error) {
      this.failure ??= { error }
      for (const { asker } of steps) asker?.reject(this.failure.error)
      return null
    }
  }

  private refuseKept(): void {
    for (const { asker } of this.kept.splice(0)) asker?.reject(this.failure?.error)
  }
}

function ignore(): void {}
