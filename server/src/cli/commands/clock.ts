import { durationMs } from '@standdown/wire/src/duration.ts'
import type { ClockProgress, ClockView } from '@standdown/wire/src/operations.ts'
import type { Problem } from '@standdown/wire/src/problem.ts'
import type { Command } from '../command.ts'
import { CommandEnd, EXIT, usage } from '../exit.ts'
import { when } from '../receipt-text.ts'
import { ServerClient } from '../server-client.ts'
import { json, REWRITE_LINE } from '../terminal.ts'

type ProgressLine = ClockProgress | ClockView | Problem

export const clockCommand: Command = {
  name: 'clock',
  summary: "Show the workspace's clock, or move a sandbox's: ./standdown clock +3d",
  usage: '[+TIME]',
  options: { json: { type: 'boolean', help: 'as JSON' } },
  words: [0, 1],
  notes: `TIME: 90s, 15m, 2h, 3d, 1w, 1w2d. What falls due on the way happens, in due order.
Only a sandbox's clock can be moved (the demo is one); others run on real time.`,
  async run({ io, words, flags }) {
    const [advance] = words
    if (advance !== undefined && durationMs(advance) === null)
      throw usage(`${advance} is not a time such as +90s, +3d or +1w2d, ten years at most.`)
    const client = await ServerClient.find(io)
    const show = (clock: ClockView): void =>
      io.stdout(
        flags.json === true ? json(clock, 0) : `${when(clock.now)}${clock.sandbox ? ' (sandbox)' : ''}\n`,
      )
    if (advance === undefined) {
      show(await client.json<ClockView>('/api/v1/sandbox/clock'))
      return EXIT.ok
    }
    show(await advanceClock(client, advance, at => io.isTerminal && io.stderr(`${REWRITE_LINE}${when(at)} `)))
    return EXIT.ok
  },
}

/** Moves the clock; `progress` hears each step. */
export async function advanceClock(
  client: ServerClient,
  advance: string,
  progress: (at: string) => void,
): Promise<ClockView> {
  for await (const progressLine of client.lines<ProgressLine>('/api/v1/sandbox/clock', {
    body: { advance },
  })) {
    if ('now' in progressLine && typeof progressLine.now === 'string') return progressLine as ClockView
    if ('detail' in progressLine) throw new CommandEnd(EXIT.failed, String(progressLine.detail))
    progress((progressLine as ClockProgress).at)
  }
  throw new CommandEnd(EXIT.failed, 'The server ended while the clock was moving.')
}
