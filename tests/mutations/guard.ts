// What a guard is, as `npm run mutations` takes it away.

export type Guard = {
  /** What it keeps. */
  readonly keeps: string
  readonly file: string
  /** Stands there exactly once. */
  readonly text: string
  readonly without: string
  /** Files that are to notice, without ending: of tests/engine, or with their room. */
  readonly noticedBy: readonly string[]
  /** Narrows them, where one test takes long. */
  readonly pattern?: string
}
