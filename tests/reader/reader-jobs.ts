// Jobs that do what no reader of ours should: for ever, without measure, or not at all.

import { faults } from '../../server/src/core/fault.ts'

const fault = faults({ UNREADABLE_SCRAWL: { status: 422, message: 'Nobody can read {what}.' } })

export const jobs = {
  echo: (text: string) => text,
  later: async (number: number) => await Promise.resolve(number + 1),
  pid: (_: null) => process.pid,
  environment: (_: null) => Object.keys(process.env).filter(name => !name.startsWith('NODE_CHANNEL')),
  /** Uses that many milliseconds of a processor. */
  busy: (ms: number) => {
    const before = process.cpuUsage()
    for (;;) {
      const { user, system } = process.cpuUsage(before)
      if (user + system >= ms * 1000) return ms
    }
  },
  endless: (_: null): never => {
    for (;;);
  },
  silent: (_: null) => new Promise<never>(() => {}),
  refuse: (what: string): never => {
    throw fault.UNREADABLE_SCRAWL({ what })
  },
  fail: (_: null): never => {
    throw new TypeError('a mistake of ours')
  },
  leave: (_: null): never => process.exit(3),
  manyThings: (_: null): never => {
    const all: object[] = []
    for (;;) all.push({ number: all.length })
  },
  oneLongList: (_: null): never => {
    const all: number[] = []
    for (;;) all.push(all.length + 0.5)
  },
  oneLongText: (_: null): never => {
    let text = 'a\n'.repeat(1_000_000)
    for (;;) text = text.replace(/\n/g, `\n${' '.repeat(300)}`)
  },
}
