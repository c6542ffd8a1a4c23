// Errors of the native API: RFC 9457 problem details, with the stable code that scripts branch on.

export type Problem = {
  /** Always 'about:blank': `code` says which problem it is. */
  readonly type: string
  readonly title: string
  readonly status: number
  /** In CONSTANT_CASE; never changes its meaning. */
  readonly code: string
  readonly detail: string
  /** Which part of the request, for 400s: a JSON pointer (in a workspace file: a path) and what is wrong with it. */
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
