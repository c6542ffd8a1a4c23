// RFC 9457 problem details: the shape of errors on native routes.

import { STATUS_CODES } from 'node:http'
import type { Problem } from '../../../wire/src/problem.ts'
import type { Fault } from '../core/fault.ts'

export function problemOf(fault: Fault): Problem {
  return {
    ...fault.data,
    type: 'about:blank',
    title: STATUS_CODES[fault.status] ?? 'Error',
    status: fault.status,
    code: fault.code,
    detail: fault.message,
  }
}
