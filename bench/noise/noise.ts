// The worst that one tenant's people can ask for, all at once and without pause, until it is told to stop.

import { fork } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'

const HOSTS = 50
export const HANGING = 10_000
export const SILENT = 500
export const STREAMS = 1000
export const IDLE = 1500
const AGENTS = 40
const HTML_LENGTH = 600_000
const KEYS = 40_000

export const NOISY = 'noisy'

/** What the noisy tenant's part of the workspace file is. */
export const NOISY_TENANT = {
  id: NOISY,
  name: 'Noisy',
  domains: ['noisy.example'],
  webhooks: { allow: ['127.0.0.0/8'] },
  users: [
    { upn: 'olga@noisy.example', name: 'Olga', roles: ['operator', 'admin'] },
    ...Array.from({ length: AGENTS }, (_, i) => ({
      upn: `agent${i}@noisy.example`,
      name: `Agent ${i}`,
      roles: ['agent'],
    })),
  ],
}

export type Ask = (path: string, token: string, body: unknown) => Promise<Response>

/** A DNS server that hears and says nothing. */
export async function silentDns(): Promise<AsyncDisposable & { readonly address: string }> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    address: `127.0.0.1:${socket.address().port}`,
    async [Symbol.asyncDispose]() {
      socket.close()
    },
  }
}

/** What there is of it by now. */
export type Seen = { hanging: number; streams: number; idle: number; bodies: number; dryRuns: number }

export type NoiseNeeds = {
  readonly url: string
  readonly ask: Ask
  readonly tokenOf: (upn: string) => Promise<string>
}

/** Until its process ends. */
export async function makeNoise({
  url: address,
  ask,
  tokenOf,
}: NoiseNeeds): Promise<{ readonly seen: Seen }> {
  const seen: Seen = { hanging: 0, streams: 0, idle: 0, bodies: 0, dryRuns: 0 }
  const receiver = createServer(() => void seen.hanging++)
  receiver.listen(0, '0.0.0.0')
  await once(receiver, 'listening')
  const { port } = receiver.address() as { port: number }
  const olga = await tokenOf('olga@noisy.example')

  const webhooks = [
    ...Array.from({ length: HANGING }, (_, i) => `http://127.0.1.${1 + (i % HOSTS)}:${port}/hang`),
    ...Array.from({ length: SILENT }, (_, i) => `http://n${i}.silent.example/`),
  ]
  for (let from = 0; from < webhooks.length; from += 100) {
    const effects = webhooks.slice(from, from + 100).map(url => ({ kind: 'webhook', url }))
    const answer = await ask('/api/v1/events', olga, { title: 'Noise', effects })
    if (answer.status !== 201) throw new Error(`noise: ${answer.status} ${await answer.text()}`)
  }

  const url = new URL(address)
  const idle = () => {
    const socket = connect(Number(url.port), url.hostname)
    socket.on('connect', () => void seen.idle++)
    socket.on('error', () => {})
    socket.on('close', () => {
      seen.idle--
      setTimeout(idle, 100).unref()
    })
  }
  for (let i = 0; i < IDLE; i++) idle()

  const stream = (token: string) => {
    const asked = request(new URL('/api/v1/notifications/screen/events', url), {
      headers: { authorization: `Bearer ${token}` },
    })
    const again = () => void setTimeout(() => stream(token), 500).unref()
    asked.on('response', (response: IncomingMessage) => {
      if (response.statusCode === 200) seen.streams++
      response.resume()
      response.on('error', () => {})
      response.on('close', () => {
        if (response.statusCode === 200) seen.streams--
        again()
      })
    })
    asked.on('error', again)
    asked.end()
  }
  for (let agent = 0; agent < AGENTS; agent++) {
    const token = await tokenOf(`agent${agent}@noisy.example`)
    for (let i = 0; i < STREAMS / AGENTS; i++) stream(token)
  }

  const repeat = async (what: () => Promise<unknown>) => {
    // What is refused is asked for again at once.
    for (;;) await what().catch(() => new Promise(resolve => setTimeout(resolve, 20)))
  }
  const html = `<p>${'<b>x</b>&amp;<i>y</i>'.repeat(HTML_LENGTH)}`.slice(0, HTML_LENGTH)
  const day = (n: number) => `2031-01-0${n}T00:00:00`
  const meeting = {
    subject: 'Noise',
    body: { contentType: 'html', content: html },
    start: { dateTime: day(1), timeZone: 'UTC' },
    end: { dateTime: day(2), timeZone: 'UTC' },
  }
  const keys = Array.from({ length: KEYS }, (_, i) => `k${i}: 1`).join('\n')
  void Promise.all([
    repeat(async () => {
      await (await ask('/v1.0/me/events', olga, meeting)).arrayBuffer()
      seen.bodies++
    }),
    repeat(async () => {
      await (await ask('/api/v1/workspace', olga, { workspace: keys, apply: false })).arrayBuffer()
      seen.dryRuns++
    }),
  ])
  return { seen }
}

/** The same in a process of its own. */
export async function startNoise(needs: {
  readonly url: string
  readonly token: string
}): Promise<AsyncDisposable & { readonly seen: () => Seen }> {
  const child = fork(new URL('./noise-process.ts', import.meta.url), [JSON.stringify(needs)])
  const exited = once(child, 'exit')
  let seen: Seen | undefined
  child.on('message', (told: Seen) => {
    seen = told
  })
  await Promise.race([
    once(child, 'message'),
    exited.then(([code]) => Promise.reject(new Error(`the noise ended with ${code}`))),
  ])
  return {
    seen: () => seen as Seen,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
