// Empties what the engine has written, between two runs of one test on one database.

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
