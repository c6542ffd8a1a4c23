// The SQL of this room, by file name.

import { statements } from '../store/statements.ts'

export const sql = statements(import.meta.url)
