// Text from outside on its way into a header, a title or an error.

/**
 * Control characters, line ends and what displays reorder text with become spaces; at most `max` UTF-16 code units, cut
 * at a whole character.
 */
export function oneLine(text: string, max: number): string {
  const clean = text
    .toWellFormed()
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ')
    .trim()
  if (clean.length <= max) return clean
  let cut = ''
  for (const character of clean) {
    if (cut.length + character.length > max - 1) break
    cut += character
  }
  return `${cut}…`
}
