// What the engine has written, emptied or set back between two runs of one test on one database.

const TABLES = [
  'event',
  'alias',
  'effect',
  'ended',
  'cancellation',
  'receipt_item',
  'receipt_note',
  'receipt_event',
  'open_cancellation',
  'request_key',
  'start_ticket',
  'start_batch',
  'worker',
  'sweep',
]

export const EMPTY_TABLES: string = TABLES.map(name => `delete from engine.${name}`).join('; ')

/** Keeps a copy of all rows, for RESTORE_ROWS. */
export const KEEP_ROWS: string = [
  'drop schema if exists kept cascade',
  'create schema kept',
  ...TABLES.map(name => `create table kept.${name} as table engine.${name}`),
].join('; ')

export const RESTORE_ROWS: string = [
  EMPTY_TABLES,
  ...TABLES.map(name => `insert into engine.${name} table kept.${name}`),
].join('; ')
