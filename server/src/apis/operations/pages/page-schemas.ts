// Schemas of what the pages of the server and the demo's receiver take and answer, for /openapi.json. They only describe: nothing is
// validated by them.

const text = { type: 'string' } as const
const PAGE = { produces: 'text/html', response: { 200: text } } as const
const empty = { type: 'null' } as const

export const PAGE_SCHEMAS = {
  start: { ...PAGE, isPublic: true, summary: 'The start page.' },
  style: {
    produces: 'text/css',
    response: { 200: text },
    isPublic: true,
    summary: 'The style of all pages.',
  },
  mail: { ...PAGE, summary: 'A mail that was kept, for operators.', params: { properties: { id: text } } },
  demoWebhook: {
    isPublic: true,
    summary: 'Takes the webhooks of the demo; there while the demo is on.',
    headers: { properties: { 'webhook-id': text } },
    body: { type: 'object', properties: { type: text } },
    response: { 204: empty },
  },
} as const
