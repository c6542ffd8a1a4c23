// iCalendar objects as text (RFC 5545). ical.js escapes and folds; what no content line may hold is taken out here before,
// since it writes that as it is.

import ICAL from 'ical.js'

// Octets of a line. ical.js does not count the blank with which a continued line begins: 75 of them would be 76 (RFC 5545 3.1).
ICAL.foldLength = 74

/** `lines`: of the event, as `calendarText` and `property` write them. */
export function calendarObject(method: 'REQUEST' | 'CANCEL', lines: readonly string[]): string {
  return [
    'BEGIN:VCALENDAR',
    'PRODID:-//Standdown//Calendar//EN',
    'VERSION:2.0',
    'CALSCALE:GREGORIAN',
    `METHOD:${method}`,
    'BEGIN:VEVENT',
    ...lines,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n')
}

/** A property whose value is TEXT that somebody wrote. */
export function calendarText(name: string, text: string): string {
  return property(name, lineText(text))
}

/** A content line, folded. `value`: a time, a number, a word of the RFC, or an address that was checked. Parameters may be any text. */
export function property(
  name: string,
  value: string | number | ICAL.Time,
  parameters: { readonly [name: string]: string } = {},
): string {
  const made = new ICAL.Property(name)
  for (const [parameter, text] of Object.entries(parameters)) made.setParameter(parameter, lineText(text))
  made.setValue(value)
  return ICAL.stringify.property(made.jCal, ICAL.design.icalendar, false)
}

/** One kind of line break, which ical.js escapes, and no other control character but the tab. */
function lineText(text: string): string {
  return text.replace(/\r\n|\r/g, '\n').replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '')
}
