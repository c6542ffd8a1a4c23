// HTML pages. The tag `html` escapes every value, unless the value was itself made by `html`. So no raw string can get into a page.

import { escapeHtml } from '../core/html-text.ts'

/** A piece of a page whose text is safe to send. Only `html` makes one. */
export class Html {
  readonly #text: string
  private constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }

  static of(parts: TemplateStringsArray, values: readonly HtmlValue[]): Html {
    let text = parts[0]!
    for (let i = 0; i < values.length; i++) text += textOf(values[i]) + parts[i + 1]!
    return new Html(text)
  }
}

/** A value in a template. null, undefined and booleans show nothing, so that `ok && html…` can be written. */
export type HtmlValue = Html | string | number | boolean | null | undefined | readonly HtmlValue[]

/** A page or a part of one: html`<p title="${title}">${text}</p>`. Put attribute values in double quotes. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return Html.of(parts, values)
}

function textOf(value: HtmlValue): string {
  if (value === null || value === undefined || typeof value === 'boolean') return ''
  if (value instanceof Html) return value.toString()
  if (Array.isArray(value)) return value.map(textOf).join('')
  return escapeHtml(String(value))
}
