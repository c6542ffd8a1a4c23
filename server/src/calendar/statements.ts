// The SQL of this room, by the names of its files.

import { statements } from '../store/statements.ts'

export const sql = statements(import.meta.url)
