// A real SMTP server (smtp-server) that records what reaches it and answers as the test says, at each stage of a session.
//
//   await using smtp = await smtpReceiver()
//   smtp.answer = stage => (stage === 'rcpt' ? { code: 550, text: '5.1.1 no such user' } : null)
//   const [mail] = await smtp.arrived(1)

import type { AddressInfo, Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { SMTPServer } from 'smtp-server'
import { Arrivals } from './arrivals.ts'

/**
 * connect: before the greeting. ehlo, auth, mail, rcpt, data: before that command is looked at. body: the first octets of
 * the message have arrived, none was read yet. message: the final dot has arrived, the answer is still to be given.
 */
export type SmtpStage = 'connect' | 'ehlo' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body' | 'message'

/** null: go on. A reply with a code refuses; 'hang' never answers; 'close' drops the connection. */
export type SmtpAnswer = null | 'hang' | 'close' | { readonly code: number; readonly text: string }

export type ReceivedMail = {
  readonly from: string
  readonly to: readonly string[]
  /** The message as it arrived, dots unstuffed. */
  readonly raw: Buffer
  /** True when it came over TLS. */
  readonly secure: boolean
  /** Who had logged in, if anybody. */
  readonly user: string | null
}

export type SmtpReceiver = AsyncDisposable & {
  /** smtp://127.0.0.1:port, or smtps:// */
  readonly url: string
  readonly host: string
  readonly port: number
  /** Messages whose final dot arrived and that were answered 250. */
  readonly mails: readonly ReceivedMail[]
  /** Messages whose final dot arrived, whatever was answered. */
  readonly seen: readonly ReceivedMail[]
  /** What to answer at a stage; may be set anew at any time. Default: go on. */
  answer: (stage: SmtpStage, line: string) => SmtpAnswer | Promise<SmtpAnswer>
  /** Connections accepted so far. */
  readonly connections: number
  /** Resolves with the first `count` accepted mails as soon as they are there. */
  arrived(count: number): Promise<readonly ReceivedMail[]>
  /** Resolves when the stage was reached for the `count`-th time. */
  reached(stage: SmtpStage, count?: number): Promise<void>
  /** Drops every open connection. */
  drop(): void
  close(): Promise<void>
}

export type SmtpReceiverOptions = {
  /** PEM: TLS from the first octet, or by STARTTLS. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly mode: 'smtps' | 'starttls' }
  /** Wants this login before MAIL. */
  readonly auth?: { readonly user: string; readonly password: string }
  /** Without PIPELINING each command is answered before the next one is sent. Default false. */
  readonly pipelining?: boolean
}

// What smtp-server keeps to itself: the one connection behind a session, and the place where its commands arrive.
type Connection = {
  readonly session: { readonly id: string }
  readonly _socket: Socket
  _onCommand(command: Buffer | string, callback?: () => void): void
  send(code: number, text: string): void
}

const STAGE_OF: Readonly<Record<string, SmtpStage>> = {
  EHLO: 'ehlo',
  HELO: 'ehlo',
  AUTH: 'auth',
  MAIL: 'mail',
  RCPT: 'rcpt',
  DATA: 'data',
}

/** Starts one on a port of the system's choice. Disposing it drops every connection, hanging ones too. */
export async function smtpReceiver(options: SmtpReceiverOptions = {}): Promise<SmtpReceiver> {
  const accepted = new Arrivals<ReceivedMail>()
  const seen: ReceivedMail[] = []
  const stages = new Map<SmtpStage, Arrivals<string>>()
  const sockets = new Set<Socket>()
  let connections = 0

  const stageCount = (stage: SmtpStage) => {
    const count = stages.get(stage) ?? new Arrivals<string>()
    stages.set(stage, count)
    return count
  }
  const ask = (stage: SmtpStage, line: string) => {
    const answer = receiver.answer(stage, line)
    stageCount(stage).add(line)
    return answer
  }

  const { tls, auth, pipelining = false } = options
  const server: SMTPServer = new SMTPServer({
    ...(tls ? { cert: tls.cert, key: tls.key } : {}),
    secure: tls?.mode === 'smtps',
    hideSTARTTLS: tls?.mode !== 'starttls',
    hidePIPELINING: !pipelining,
    disabledCommands: auth ? [] : ['AUTH'],
    allowInsecureAuth: true,
    authMethods: ['PLAIN'],
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 1,
    onAuth(login, _session, callback) {
      if (login.username === auth?.user && login.password === auth?.password)
        callback(null, { user: login.username })
      else callback(Object.assign(new Error(`who is ${login.password}?`), { responseCode: 535 }))
    },
    async onConnect(session, callback) {
      const connection = connectionOf(server, session.id)
      if (connection) intercept(connection)
      const answer = await ask('connect', '')
      if (answer === null) callback()
      else if (answer === 'close') connection?._socket.destroy()
      else if (answer !== 'hang') callback(refusal(answer))
    },
    async onData(stream, session, callback) {
      const connection = connectionOf(server, session.id)
      // A client that goes away in mid-message: nothing was received.
      stream.on('error', () => {})
      if (!(await begun(stream))) return
      const first = await ask('body', '')
      if (first === 'hang') return
      if (first === 'close') return void connection?._socket.destroy()
      const chunks: Buffer[] = []
      try {
        for await (const chunk of stream) chunks.push(chunk as Buffer)
      } catch {
        return
      }
      const mail: ReceivedMail = {
        from: session.envelope.mailFrom ? session.envelope.mailFrom.address : '',
        to: session.envelope.rcptTo.map(to => to.address),
        raw: Buffer.concat(chunks),
        secure: session.secure,
        user: session.user ?? null,
      }
      seen.push(mail)
      const answer = first ?? (await ask('message', ''))
      if (answer === 'hang') return
      if (answer === 'close') return void connection?._socket.destroy()
      if (answer !== null) return callback(refusal(answer))
      accepted.add(mail)
      callback(null)
    },
  })

  function intercept(connection: Connection): void {
    const proceed = connection._onCommand.bind(connection)
    connection._onCommand = async (command, callback) => {
      const line = command.toString()
      const stage = STAGE_OF[line.split(' ')[0]!.toUpperCase()]
      const answer = stage ? await ask(stage, line) : null
      if (answer === null) proceed(command, callback)
      else if (answer === 'close') connection._socket.destroy()
      else if (answer !== 'hang') {
        connection.send(answer.code, answer.text)
        callback?.()
      }
    }
  }

  server.on('error', () => {})
  server.server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.server.address() as AddressInfo

  const drop = () => {
    for (const socket of sockets) socket.destroy()
  }
  const close = async () => {
    const ended = new Promise<void>(resolve => server.close(() => resolve()))
    drop()
    await ended
  }
  const receiver: SmtpReceiver = {
    url: `${tls?.mode === 'smtps' ? 'smtps' : 'smtp'}://127.0.0.1:${port}`,
    host: '127.0.0.1',
    port,
    mails: accepted.all,
    seen,
    answer: () => null,
    get connections() {
      return connections
    },
    arrived: count => accepted.arrived(count),
    reached: async (stage, count = 1) => {
      await stageCount(stage).arrived(count)
    },
    drop,
    close,
    [Symbol.asyncDispose]: close,
  }
  return receiver
}

/** True when octets are there to be read; false when the client went away first. */
function begun(stream: Readable): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  stream.once('readable', () => resolve(true))
  stream.once('close', () => resolve(false))
  return promise
}

function connectionOf(server: SMTPServer, id: string): Connection | undefined {
  const connections = server.connections as unknown as ReadonlySet<Connection>
  for (const connection of connections) if (connection.session.id === id) return connection
  return undefined
}

function refusal(answer: { readonly code: number; readonly text: string }): Error {
  return Object.assign(new Error(answer.text), { responseCode: answer.code })
}
