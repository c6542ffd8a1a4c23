// Odd values of every kind that a careless reader could stumble over. Whoever adds a kind of fault adds its value here.

import type { Choices } from '../chaos/seeded.ts'
import type { Schema } from '../support/descriptions.ts'
import { Literal } from './request.ts'

const TIMES = [
  '2031-02-29T10:00:00Z',
  '2031-13-01T00:00:00Z',
  '2031-05-06T24:00:00Z',
  '2031-05-06T10:00:60Z',
  '0000-00-00T00:00:00Z',
  '0001-01-01T00:00:00Z',
  '1600-12-31T00:00:00',
  '9999-12-31T23:59:59.999Z',
  '9999-12-31T23:59:59-14:00',
  '10000-01-01T00:00:00Z',
  '+275760-09-13T00:00:00Z',
  '-000001-01-01T00:00:00Z',
  '2031-03-30T02:30:00',
  '2031-05-06T10:00:00+23:59',
  '2031-05-06T10:00:00.1234567',
  '2031-05-06',
  'infinity',
  '-infinity',
  'epoch',
  'now',
] as const

const TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'a\udfffb',
  '\ud83d',
  '😀'.repeat(100),
  '\u202etxt.exe',
  '\r\nX-Injected: yes',
  '\n\n',
  '\u001f',
  '\ufeff',
  'NaN',
  'null',
  'undefined',
  '-1',
  '1e400',
  '0x10',
  "'; drop table engine.event; --",
  '%',
  '_%\\',
  '{{name}}',
  '{name}',
  '$' + '{PUBLIC_URL}',
  '<script>alert(1)</script>',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'http://[::1',
  'http://user:pass@127.0.0.1:99999/',
  'javascript:alert(1)',
  'data:,x',
  'a@b@c',
  '"quoted"@example.com',
  'jörg@müller.example',
  'x@xn--.example',
  `${'a'.repeat(64)}@${'b'.repeat(189)}`,
  'Europe/Atlantis',
  'Pacific Standard Time',
  'Etc/GMT+99',
  '-P1D',
  '999999w',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '{00000000-0000-0000-0000-000000000000}',
  'urn:uuid:00000000-0000-4000-8000-000000000000',
  '00000000000040008000000000000000',
  'AAMkAAAA',
  'tenants: &a [*a]',
  'a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nd: [*c,*c,*c,*c]',
] as const

const NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.1,
  1.5,
  1e21,
  -1e21,
  1e308,
  5e-324,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 53) - 2,
  2 ** 63,
] as const

const LITERALS = ['1e400', '-1e400', '-0', '1E5', '123456789012345678901234567890', '0.1e-400', '00', 'NaN']

export function oddText(choices: Choices): string {
  const kind = choices.whole(0, 9)
  if (kind < 2) return choices.among(TIMES)
  if (kind === 2)
    return choices
      .among(['a', '😀', '\u0000', ' ', '&nbsp;', '<b>'])!
      .repeat(choices.among([300, 3000, 100_000]))
  return choices.among(TEXTS)
}

function nested(depth: number, choices: Choices): Literal {
  return choices.maybe(0.5)
    ? new Literal(`${'['.repeat(depth)}${']'.repeat(depth)}`)
    : new Literal(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)
}

/** A value of another kind than is expected, or of the right kind and odd. */
export function oddValue(choices: Choices): unknown {
  switch (choices.whole(0, 9)) {
    case 0:
      return null
    case 1:
      return choices.maybe(0.5)
    case 2:
      return choices.among(NUMBERS)
    case 3:
      return new Literal(choices.among(LITERALS))
    case 4:
      return choices.among<unknown>([[], {}, [null], [[]], [{}], { a: {} }, { length: 3 }, { toString: 1 }])
    case 5:
      return nested(choices.among([10, 62, 63, 64, 65, 66, 1000, 100_000]), choices)
    case 6:
      return Array.from({ length: choices.among([101, 501, 1001, 20_000]) }, () =>
        choices.maybe(0.001) ? null : 'x',
      )
    default:
      return oddText(choices)
  }
}

/** At a limit that the schema states, or one beyond. */
export function atLimit(schema: Schema, value: unknown, choices: Choices): unknown {
  const by = choices.among([0, 1, 1, -1])
  const { maxLength, minLength, maxItems, minItems, maximum, minimum, maxProperties } = schema as {
    readonly [name: string]: number | undefined
  }
  if (maxLength !== undefined && choices.maybe(0.8))
    return choices.among(['a', 'é', '😀', '\u00a0'])!.repeat(maxLength + by)
  if (minLength !== undefined && choices.maybe(0.5)) return 'a'.repeat(Math.max(0, minLength - 1))
  if (maxItems !== undefined && choices.maybe(0.8)) {
    const [item] = Array.isArray(value) ? value : []
    return Array.from({ length: maxItems + by }, () => item ?? 'x')
  }
  if (minItems !== undefined) return []
  if (maximum !== undefined && choices.maybe(0.6)) return maximum + by
  if (minimum !== undefined) return minimum - Math.abs(by)
  if (maxProperties !== undefined)
    return Object.fromEntries(Array.from({ length: maxProperties + by }, (_, i) => [`p${i}`, 'x']))
  return oddValue(choices)
}

export const ODD_NAMES = [
  '',
  'x',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '@odata.type',
  'a.b',
  'a\u0000b',
  '\ud800',
  'Subject',
  'TITLE',
  'x'.repeat(300),
] as const

export const ODD_HEADERS: { readonly [name: string]: readonly string[] } = {
  Prefer: [
    'outlook.timezone="Europe/Atlantis"',
    'outlook.timezone="',
    'outlook.timezone=""',
    'outlook.timezone="\x80\xff"',
    'outlook.timezone="Europe/Berlin", outlook.body-content-type="text"',
    'outlook.body-content-type="x"',
    'IdType="ImmutableId"',
    ';;,,==',
    `outlook.timezone="${'x'.repeat(300)}"`,
  ],
  'If-Match': ['*', '""', 'W/"', 'W/"x"', '\x80', 'x'.repeat(5000), '*, *'],
  'Idempotency-Key': ['', ' ', 'k', 'x'.repeat(200), 'x'.repeat(201), '\x80\xfe', 'a, b', '"k"', 'k\tk'],
  'Standdown-Parent': [
    '',
    'x',
    '00000000-0000-4000-8000-000000000000',
    '00000000-0000-4000-8000-000000000000; link=keep',
    '00000000-0000-4000-8000-000000000000; link=drop',
    'AAMkAAAA',
    `AAMk${'A'.repeat(190)}==`,
    'AAMk-_==; link = cancel',
    '\xff',
  ],
  'client-request-id': [
    '',
    'x'.repeat(128),
    'x'.repeat(129),
    '\x80',
    'a b',
    '00000000-0000-4000-8000-000000000000',
  ],
  'wix-site-id': ['', 'x', '00000000-0000-4000-8000-000000000000', '\xff\xfe', 'x'.repeat(3000)],
  Accept: ['text/html', 'application/x-ndjson', '*/*;q=NaN', '\xff', 'text/html, application/json'],
  Authorization: [
    '',
    'Bearer',
    'Bearer ',
    'Bearer x',
    'bearer a.b.c',
    'Bearer eyJhbGciOiJub25lIn0.e30.',
    'Bearer eyJhbGciOiJFUzI1NiIsImtpZCI6IngifQ.eyJleHAiOjFlNDAwfQ.AAAA',
    'Basic eDp5',
    'Basic \xff',
    'Basic Og==',
    'Basic ADp4',
    'Basic JTAwOnglMDA=',
    'Digest username="x"',
    '\x80\x81',
    'x'.repeat(9000),
    '1257a9ce-0000-4000-8000-000000000008',
  ],
  Cookie: ['', '=', 'a=b; a=c', '\xff=\xff', `standdown=${'x'.repeat(8000)}`, 'standdown_session=x', ';;;;'],
  Host: ['', 'evil.example', '127.0.0.1:x', '[::1', 'a b', '\xff', '169.254.169.254'],
  Origin: ['null', 'https://evil.example', 'x', '\xff', 'http://127.0.0.1'],
  Referer: ['\xff', 'x'],
  Expect: ['100-continue'],
  'X-Forwarded-For': ['x', '127.0.0.1, 8.8.8.8', '\xff'],
  'X-Forwarded-Proto': ['https', 'gopher'],
  'Last-Event-ID': ['x', '\xff', 'x'.repeat(3000)],
  'If-None-Match': ['*', '"x"', '\xff'],
  'Content-Encoding': ['gzip', 'br', 'identity', 'x\xff', ''],
  'Content-Type': [
    '',
    'text/plain',
    'application/xml',
    'application/json; charset=utf-16',
    'application/JSON;;;',
    'application/json\x80',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json-patch+json',
    'x',
    '/',
  ],
  Upgrade: ['websocket'],
  Range: ['bytes=0-1'],
  'X-Http-Method-Override': ['DELETE'],
}

export const ODD_METHODS = [
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'QUERY',
  'PROPFIND',
  'MKCOL',
  'SUBSCRIBE',
  'FOO',
  'get',
] as const

export const ODD_SEGMENTS = [
  '',
  '.',
  '..',
  '%2e%2e',
  '%2F',
  '%5C',
  '%00',
  '%ff',
  '%',
  '%zz',
  '%E0%A4%A',
  '%ED%A0%80',
  '%C0%AF',
  'null',
  'undefined',
  'x',
  '*',
  ';a=b',
  ':id',
  "('x')",
  "events('x')",
  '$count',
  '$metadata',
  '$value',
  'delta()',
  'microsoft.graph.cancel',
  '00000000-0000-4000-8000-000000000000',
  '00000000-0000-0000-0000-000000000000',
  'A11CE000-0000-4000-8000-000000000001',
  'urn:uuid:00000000-0000-4000-8000-000000000000',
  'URN:UUID:00000000-0000-4000-8000-000000000000',
  '%7B00000000-0000-4000-8000-000000000000%7D',
  'AAMkAAAA',
  `AAMk${'A'.repeat(150)}==`,
  'x'.repeat(1000),
  'x'.repeat(1001),
  'x'.repeat(7000),
  '%F0%9F%98%80',
  'constructor',
  '__proto__',
] as const

export const ODD_QUERIES = [
  '$filter=x%20eq%201',
  '$filter=%00',
  '$top=0',
  '$top=1001',
  '$top=1',
  '$top=-1',
  '$top=1e3',
  '$top=1&$top=2',
  '$skip=999999999',
  '$skip=1000001',
  '$select=',
  '$select=,,,',
  '$select=constructor,__proto__',
  '$orderby=x',
  '$count=true',
  '$expand=x',
  '$search="x"',
  '$skiptoken=x',
  'startDateTime=2031-02-29&endDateTime=2031-03-01',
  'startDateTime=0001-01-01T00:00:00Z&endDateTime=0002-01-01T00:00:00Z',
  'startDateTime=9999-12-31T00:00:00&endDateTime=9999-12-31T23:59:59.9999999',
  'after=x',
  'after=MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAw',
  'after=MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwIGluZmluaXR5',
  'after=MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwIDAwMDAtMDAtMDBUMDA6MDA6MDAuMDAwMDAwWg',
  'after=MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwIDIwMzEtMDItMzBUMDA6MDA6MDAuMDAwMDAwWg',
  'limit=0',
  'limit=201',
  'limit=200',
  'limit=1&limit=1',
  'wait=1',
  'wait=-1',
  'wait=1e9',
  'q=%25',
  'q=_',
  'q=%5C',
  'key=a&key=b',
  'key[]=a',
  'key[a]=b',
  'state=dead&state=done',
  'agent=',
  'code=x',
  'return_to=//evil.example',
  'return_to=%0d%0aX:y',
  '__proto__=x',
  'constructor=x',
  'a=%ff',
  'a=%',
  '%=%',
  '=',
  '&&&&',
  '?',
  `${'a=b&'.repeat(2000)}`,
] as const
