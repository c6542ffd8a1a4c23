// The shape of every command, and how its arguments are read.

import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { CliIo } from './cli-io.ts'
import { usage } from './exit.ts'
import { widest } from './terminal.ts'

export type Option = {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** For --help; a string option names its value first: 'ID  the event'. */
  readonly help: string
}

export type Command = {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** What follows the command's name, e.g. 'FILE [--dry-run]'. */
  readonly usage: string
  readonly options: { readonly [name: string]: Option }
  /** The fewest and the most arguments that are not options. */
  readonly words: readonly [number, number]
  /** More text for --help: paragraphs, examples. */
  readonly notes?: string
  run(input: CommandInput): Promise<number>
}

export type CommandInput = {
  readonly io: CliIo
  readonly words: readonly string[]
  readonly flags: { readonly [name: string]: string | boolean | undefined }
}

/** @throws CommandEnd with exit code 2 for an option or argument that the command does not know. */
export function readInput(command: Command, args: readonly string[], io: CliIo): CommandInput {
  const options: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean', short: 'h' } }
  for (const [name, { type, short }] of Object.entries(command.options)) {
    options[name] = { type, ...(short === undefined ? {} : { short }) }
  }
  let parsed: { values: { [name: string]: unknown }; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw usage(`${(error as Error).message}\nSee ./standdown ${command.name} --help`)
  }
  const flags = parsed.values as CommandInput['flags']
  const [minWords, maxWords] = command.words
  if (flags.help !== true && (parsed.positionals.length < minWords || parsed.positionals.length > maxWords)) {
    throw usage(usageOf(command))
  }
  return { io, words: parsed.positionals, flags }
}

/** A string option, or undefined. */
export function text(input: CommandInput, name: string): string | undefined {
  const value = input.flags[name]
  return typeof value === 'string' ? value : undefined
}

/** An option in whole seconds, as it was given; undefined without it. @throws CommandEnd with exit code 2 for anything else */
export function seconds(input: CommandInput, name: string): string | undefined {
  const given = text(input, name)
  if (given !== undefined && !/^\d{1,3}$/.test(given))
    throw usage(`--${name} ${given} is not a number of seconds.`)
  return given
}

export function helpOf(command: Command): string {
  const rows = Object.entries(command.options).map(([name, option]) => {
    const [value, ...rest] = option.type === 'string' ? option.help.split('  ') : ['', option.help]
    const left = `--${name}${value === '' ? '' : ` ${value}`}${option.short ? `, -${option.short}` : ''}`
    return [left, rest.join('  ')] as const
  })
  rows.push(['--help, -h', 'this text'])
  const width = widest(rows.map(([left]) => left))
  const lines = [
    `${command.summary}`,
    '',
    usageOf(command),
    '',
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
  ]
  if (command.notes !== undefined) lines.push('', command.notes)
  return `${lines.join('\n')}\n`
}

function usageOf({ name, usage: rest }: Command): string {
  return `Usage: ./standdown ${name} ${rest}`.trimEnd()
}
