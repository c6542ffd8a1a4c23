// What a body says in plain text. A plain one is its own text; HTML is read once, by the reader, when it is written.

import type { CalendarReader } from '../needs.ts'
import type { Body } from './meeting.ts'

export type BodyText = {
  readonly text: string
  /** HTML that is fit for a mail; null: made from the text. */
  readonly safeHtml: string | null
}

/** `tenant`: whose texts take turns with those of other tenants. @throws Fault with status 400 for HTML that cannot be read */
export async function readBody(reader: CalendarReader, body: Body, tenant: string): Promise<BodyText> {
  if (body.contentType === 'text') return { text: body.content, safeHtml: null }
  const { text, html } = await reader.read('html', body.content, tenant)
  return { text, safeHtml: html }
}

/** Graph's bodyPreview: the first 255 characters of the text. */
export function previewOf(text: string): string {
  return [...text.slice(0, 600)].slice(0, 255).join('')
}
