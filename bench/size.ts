// How much each row measures. --quick only shows that the rows work: its figures say nothing.

export type Size = {
  readonly runs: number
  /** Of one load. */
  readonly calls: number
  /** Effects that are there and wait while something is measured; and few of them. */
  readonly pending: number
  readonly few: number
  /** Events with one ended, one running and one pending effect. */
  readonly mixed: number
  /** Invocations that wait in Restate. */
  readonly invocations: number
  /** Trivial due effects. */
  readonly effects: number
  /** Of timers. */
  readonly seconds: number
  /** Cancels of one huge tree, each in a database of its own; and how many of them are followed until they are final. */
  readonly huge: number
  readonly followed: number
  /** Seconds in which other keys are watched before a huge cancel. */
  readonly baseline: number
  /** Events of a tree, and of the one that it is compared with; and how often. */
  readonly tree: number
  readonly smallTree: number
  readonly trees: number
  /** How long a receipt is waited for. */
  readonly giveUpSeconds: number
}

export const FULL: Size = {
  runs: 5,
  calls: 20_000,
  pending: 1_000_000,
  few: 10_000,
  mixed: 3000,
  invocations: 100_000,
  effects: 50_000,
  seconds: 10,
  huge: 20,
  followed: 3,
  baseline: 5,
  tree: 100_000,
  smallTree: 10_000,
  trees: 3,
  giveUpSeconds: 120,
}

export const QUICK: Size = {
  runs: 1,
  calls: 2000,
  pending: 20_000,
  few: 4000,
  mixed: 300,
  invocations: 2000,
  effects: 5000,
  seconds: 2,
  huge: 2,
  followed: 1,
  baseline: 1,
  // More than a cancel marks at once, or another way would be measured.
  tree: 12_000,
  smallTree: 6000,
  trees: 1,
  giveUpSeconds: 10,
}
