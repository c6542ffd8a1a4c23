import { statements } from '../store/statements.ts'

export const sql = statements(import.meta.url)
