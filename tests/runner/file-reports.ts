// Reports of test files that run at the same time, in the words of Node's `spec` reporter.

import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { spec, type TestEvent } from 'node:test/reporters'

/**
 * A file is reported in one piece, when it has ended, by a reporter of its own. The reporter keeps the open suites of what it is told in
 * one stack, and throws when another file's suite is closed first; what was written to it after that was never printed.
 */
export class FileReports {
  readonly #output: Writable
  readonly #failures: TestEvent[] = []

  constructor(output: Writable) {
    this.#output = output
  }

  /** The events of one file, in their order. A file that was stopped may have opened suites that it never closes. */
  async add(events: readonly TestEvent[]): Promise<void> {
    for (const event of events) if (event.type === 'test:fail') this.#failures.push(event)
    // Without its end, at which it would print what failed: that is printed for all files together.
    const report = new spec()
    report.on('data', text => this.#output.write(text))
    for (const event of events) report.write(event)
    await new Promise(resolve => setImmediate(resolve))
  }

  /** What failed, once more and with everything that is known of it. */
  async end(): Promise<void> {
    const report = new spec()
    report.on('data', text => this.#output.write(text))
    for (const event of this.#failures) report.write(event)
    report.end()
    await finished(report)
  }
}
