// Errors of the native API: RFC 9457 problem details, with the stable code that scripts branch on.

export type Problem = {
  /** Always 'about:blank': `code` identifies the problem. */
  readonly type: string
  readonly title: string
  readonly status: number
  /** In CONSTANT_CASE. The meaning of a code never changes. */
  readonly code: string
  readonly detail: string
  /** For 400s: the faulty parts of the request. `at` is a JSON pointer (for a workspace file: a path). */
  readonly errors?: readonly { readonly at: string; readonly message: string }[]
  readonly [fact: string]: unknown
}

export const problemSchema = {
  $id: 'Problem',
  type: 'object',
  description: 'RFC 9457 problem details.',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'Stable, in CONSTANT_CASE.' },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['at', 'message'],
        properties: { at: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
} as const
