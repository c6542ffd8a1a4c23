// Pages made on the server. `html` escapes by construction: whatever is put into a page is text, unless it is itself made
// by `html`. There is no way to put a raw string into a page.

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

/** What may stand in a template. Nothing is shown for null, undefined and booleans, so that `ok && html…` reads well. */
export type HtmlValue = Html | string | number | boolean | null | undefined | readonly HtmlValue[]

/** A page or a part of one: html`<p title="${title}">${text}</p>`. Attributes must be written in double quotes. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return Html.of(parts, values)
}

function textOf(value: HtmlValue): string {
  if (value === null || value === undefined || typeof value === 'boolean') return ''
  if (value instanceof Html) return value.toString()
  if (Array.isArray(value)) return value.map(textOf).join('')
  return escapeHtml(String(value))
}

const ESCAPES: { readonly [character: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text for an element or an attribute's value, in either kind of quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => ESCAPES[character]!)
}
