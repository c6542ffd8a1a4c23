// The Prefer header: the zone for times, and the form of bodies. Preference-Applied names the preferences that were applied.
// IdType="ImmutableId" is not supported: an id changes when its item moves.

import { ianaZone } from '../../calendar/time-zone.ts'
import { graphFault } from './faults.ts'

export type Preferences = {
  /** As it was named; times are written in it. */
  readonly zone: string
  readonly iana: string
  readonly bodies: 'html' | 'text'
  readonly applied: readonly string[]
}

/** @throws Fault TimeZoneNotSupportedException */
export function readPreferences(header: string | readonly string[] | undefined): Preferences {
  const text = typeof header === 'string' ? header : (header ?? []).join(',')
  const zone = preference(text, 'outlook.timezone')
  const iana = zone === null ? 'UTC' : ianaZone(zone)
  if (iana === null) throw graphFault.TimeZoneNotSupportedException({ zone: (zone ?? '').slice(0, 100) })
  const form = preference(text, 'outlook.body-content-type')?.toLowerCase()
  const applied: string[] = []
  if (zone !== null) applied.push(`outlook.timezone="${zone}"`)
  if (form === 'text' || form === 'html') applied.push(`outlook.body-content-type="${form}"`)
  return { zone: zone ?? 'UTC', iana, bodies: form === 'text' ? 'text' : 'html', applied }
}

function preference(text: string, name: string): string | null {
  const at = text.toLowerCase().indexOf(`${name}=`)
  if (at === -1) return null
  const match = /^"([^"]{0,200})"|^([^\s",;]{1,200})/.exec(text.slice(at + name.length + 1))
  return match?.[1] ?? match?.[2] ?? null
}

/** For the description. */
export const preferHeader = {
  Prefer: {
    type: 'string',
    description: 'outlook.timezone="…", outlook.body-content-type="text".',
  },
} as const
