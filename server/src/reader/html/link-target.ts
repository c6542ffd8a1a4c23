// Where a link leads, as it is printed behind its words. Only what a reader may follow safely: never `javascript:`.

const SCHEMES = new Set(['http:', 'https:', 'mailto:', 'tel:'])

/** Null for a target that is not printed: another scheme, or one that has no meaning outside of its page. */
export function linkTarget(href: string | undefined): string | null {
  const url = URL.parse(href ?? '')
  if (!url || !SCHEMES.has(url.protocol)) return null
  // As it was written where that is plain; else as a browser would send it, so that it is one word and ends at its bracket.
  const written = (href ?? '').trim()
  const target = /^[\x21-\x7e]+$/.test(written) ? written : url.href
  const oneWord = target.replace(/[\s<>]/g, encodeURIComponent)
  return /^mailto:([^?]+)$/i.exec(oneWord)?.[1] ?? oneWord
}

/** True when the words of a link are its target already, but for what people leave out. */
export function saysTarget(words: string, target: string): boolean {
  return short(words) === short(target)
}

function short(text: string): string {
  return text.replace(/^(https?:\/\/|tel:)/i, '').replace(/\/$/, '')
}
