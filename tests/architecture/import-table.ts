// Who may import whom: the table of ARCHITECTURE.md as data. `rooms` are folders of the server (or wire), `libraries` are
// packages; `node` says whether Node's own modules may be used. Files directly in server/src import what they like; one of
// them, `config`, may be imported: it holds the type of the environment's value.

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
    room: 'core',
    rooms: [],
    libraries: ['temporal-polyfill', 'tr46', 'windows-iana'],
    node: false,
    because: 'pure decisions: no I/O, no clock',
  },
  { room: 'store', rooms: ['core'], libraries: ['pg'], node: true },
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
    libraries: room === 'calendar' ? ['temporal-polyfill', 'windows-iana'] : [],
    node: true,
    because: 'never one another: what crosses goes through the engine',
  })),
  {
    room: 'delivery',
    rooms: ['core', 'engine', 'store'],
    libraries: ['nodemailer', 'postal-mime', 'ipaddr.js', 'pg'],
    node: true,
    because: 'of the engine the shape of a carrier; of the store, where kept mail and signing secrets are',
  },
  {
    room: 'auth',
    rooms: ['core', 'store', 'config'],
    libraries: ['jose', 'oidc-provider', 'yaml', 'ajv', 'ajv-formats'],
    node: true,
  },
  {
    room: 'http',
    rooms: ['wire', 'core', 'config'],
    libraries: ['fastify', 'ajv', 'ajv-formats', '@peculiar/x509', 'prom-client'],
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
    because: 'it looks after all of them',
  },
  {
    room: 'cli',
    rooms: ['wire'],
    libraries: [],
    node: true,
    because: 'it talks HTTP; main passes what opens the database',
  },
]
