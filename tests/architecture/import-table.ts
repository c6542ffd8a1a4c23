// Who may import whom, as data; the table of ARCHITECTURE.md is made from it. `rooms` are folders of the server (or wire), `libraries`
// are packages; `node` says whether Node's own modules may be used. `app`, and main.ts beside it, import what they like.

export type Allowed = {
  /** The folder's path from server/src; its subfolders belong to it. */
  readonly room: string
  readonly rooms: readonly string[]
  readonly libraries: readonly string[]
  readonly node: boolean
  /** Why this row is as it is, where that is not plain. */
  readonly because?: string
}

const DOMAINS = ['calendar', 'automations', 'notifications'] as const

export const IMPORT_TABLE: readonly Allowed[] = [
  {
    room: 'wire',
    rooms: [],
    libraries: [],
    node: false,
    because: 'it is read by browsers and servers alike',
  },
  {
    room: 'client',
    rooms: ['wire'],
    libraries: [],
    node: false,
    because: 'browsers load it',
  },
  {
    room: 'core',
    rooms: [],
    libraries: ['temporal-polyfill', 'tr46', 'windows-iana'],
    node: false,
    because: 'pure decisions: no I/O, no clock',
  },
  { room: 'store', rooms: ['core'], libraries: ['pg'], node: true },
  {
    room: 'postgres',
    rooms: ['core', 'store'],
    libraries: [],
    node: true,
    because: 'it runs the server that the store talks to',
  },
  { room: 'backup', rooms: ['core', 'store', 'postgres'], libraries: ['pg'], node: true },
  {
    room: 'engine',
    rooms: ['core', 'store'],
    libraries: ['pg'],
    node: true,
    because: 'of the driver only the type of the connection that listens for hints',
  },
  {
    room: 'reader',
    rooms: ['core'],
    libraries: ['html-to-text', 'htmlparser2', 'sanitize-html'],
    node: true,
    because: 'its process knows no secret, so nothing that reaches one may be imported there',
  },
  ...DOMAINS.map(room => ({
    room,
    rooms: ['core', 'engine', 'store'],
    libraries: room === 'calendar' ? ['ical.js', 'temporal-polyfill', 'windows-iana'] : [],
    node: true,
    because: 'never one another: what crosses goes through the engine',
  })),
  {
    room: 'delivery',
    rooms: ['core', 'store'],
    libraries: ['nodemailer', 'postal-mime', 'ipaddr.js'],
    node: true,
    because: 'it carries what it is handed, and keeps mail, signing secrets and failing receivers',
  },
  {
    room: 'config',
    rooms: ['core'],
    libraries: [],
    node: true,
    because: 'settings are read once, by whoever starts the server',
  },
  {
    room: 'workspace',
    rooms: ['core'],
    libraries: ['yaml', 'ajv', 'ajv-formats'],
    node: true,
    because: 'it reads the file for all rooms, in a process that knows no secret',
  },
  {
    room: 'auth',
    rooms: ['core', 'store', 'config', 'workspace'],
    libraries: ['jose', 'oidc-provider'],
    node: true,
  },
  {
    room: 'http',
    rooms: ['wire', 'core', 'config'],
    libraries: ['fastify', 'ajv', 'ajv-formats', '@peculiar/x509', '@fastify/cors', 'prom-client'],
    node: true,
  },
  {
    room: 'apis/graph',
    rooms: ['wire', 'calendar', 'auth', 'http', 'core'],
    libraries: ['fastify'],
    node: true,
  },
  {
    room: 'apis/automations',
    rooms: ['wire', 'automations', 'auth', 'http', 'core'],
    libraries: ['fastify'],
    node: true,
  },
  {
    room: 'apis/notifications',
    rooms: ['wire', 'notifications', 'auth', 'http', 'core'],
    libraries: ['fastify'],
    node: true,
  },
  {
    room: 'apis/native',
    rooms: ['wire', 'engine', ...DOMAINS, 'auth', 'http', 'core'],
    libraries: ['fastify', 'ajv'],
    node: true,
    because: 'it joins them',
  },
  {
    room: 'apis/operations',
    rooms: ['wire', 'apis/native', 'engine', 'auth', 'workspace', 'http', 'core'],
    libraries: ['fastify'],
    node: true,
    because: 'its routes stand beside the native ones, with the same callers, shapes and errors',
  },
  {
    room: 'apis/sign-in',
    rooms: ['apis/native', 'auth', 'http', 'core'],
    libraries: ['fastify'],
    node: true,
    because: 'its pages and errors are those of the native API',
  },
  {
    room: 'cli',
    rooms: ['wire'],
    libraries: [],
    node: true,
    because: 'it talks HTTP; main passes what opens the database',
  },
]

/** The table of ARCHITECTURE.md, in the form in which it stands there. */
export function importTablePage(): string {
  const cell = (names: readonly string[]) => (names.length === 0 ? '–' : names.join(', '))
  const rows = IMPORT_TABLE.map(
    ({ room, rooms, libraries, node, because }) =>
      `| ${room} | ${cell(rooms)} | ${cell(libraries)} | ${node ? 'yes' : 'no'} | ${because ?? ''} |`,
  )
  return [
    '| folder | may import | libraries | Node | since |',
    '|---|---|---|---|---|',
    ...rows,
    '| app, main.ts | everything | all | yes | it puts everything together |',
  ].join('\n')
}
