import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { jsonFault } from '../../server/src/core/json.ts'
import { isLargeBody, MAX_PARTS, parseJsonBody, parseLargeJsonBody } from '../../server/src/http/json-body.ts'
import { MAX_DRAINED_BYTES } from '../../server/src/http/listen/drain-body.ts'
import { type HttpServer, httpServer, raw } from './http-server.ts'

describe('a JSON body', () => {
  let server: HttpServer
  before(async () => {
    server = await httpServer()
  })
  after(() => server[Symbol.asyncDispose]())

  async function post(
    body: string | Uint8Array<ArrayBuffer> | null,
    type: string | null = 'application/json',
  ) {
    const headers: Record<string, string> = type === null ? {} : { 'content-type': type }
    const answer = await fetch(`${server.url}/echo`, { method: 'POST', body, headers })
    return {
      status: answer.status,
      type: answer.headers.get('content-type'),
      body: (await answer.json()) as Record<string, unknown>,
    }
  }
  const refusal = async (body: string | Uint8Array<ArrayBuffer> | null, type?: string) => {
    const answer = await post(body, type)
    assert.match(answer.type!, /^application\/problem\+json/)
    const refused = `${answer.status} ${answer.body.code}`
    // What is large is read by other means: it is refused for the same.
    if (body === null || body.length > 900_000) return refused
    const large = await post(Buffer.concat([Buffer.alloc(70_000, ' '), Buffer.from(body)]), type)
    assert.equal(`${large.status} ${large.body.code}`, refused, 'after 70,000 spaces')
    return refused
  }

  it('is read with any parameter of its type, and may be missing', async () => {
    for (const type of [
      'application/json',
      'application/json;charset=UTF-8',
      'Application/JSON; charset="utf-8"',
      'application/json; odata.metadata=minimal',
    ]) {
      assert.deepEqual((await post('{"a":[1,"é🙂"]}', type)).body, { got: { a: [1, 'é🙂'] } }, type)
    }
    for (const type of ['application/json', 'text/plain', null]) {
      assert.deepEqual((await post(null, type)).body, { got: 'nothing' }, String(type))
    }
    assert.deepEqual((await post('null')).body, { got: null })
    assert.deepEqual(
      (await post('"\\ud83d\\ude42"')).body,
      { got: '🙂' },
      'a pair of surrogates is a character',
    )
  })

  it('that is not JSON is 400', async () => {
    const bodies = [
      '{',
      '{"a":1,}',
      "{'a':1}",
      'NaN',
      '{"a":"\u0000"}',
      '{"a":"\n"}',
      '\ufeff{}x',
      '[1]]',
      'undefined',
    ]
    for (const body of bodies) assert.equal(await refusal(body), '400 MALFORMED_JSON', JSON.stringify(body))
    assert.equal(await refusal(new Uint8Array([0x22, 0xff, 0xfe, 0x22])), '400 MALFORMED_JSON', 'not UTF-8')
    assert.equal(
      await refusal(new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22])),
      '400 MALFORMED_JSON',
      'a surrogate in UTF-8',
    )
  })

  it('that is compressed is 415, and says so', async () => {
    for (const encoding of ['gzip', 'br', 'identity, gzip']) {
      const answer = await fetch(`${server.url}/echo`, {
        method: 'POST',
        body: gzipSync('{}'),
        headers: { 'content-type': 'application/json', 'content-encoding': encoding },
      })
      assert.equal(answer.status, 415)
      assert.equal(((await answer.json()) as { code: string }).code, 'ENCODED_BODY')
    }
    const plain = await fetch(`${server.url}/echo`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json', 'content-encoding': 'Identity' },
    })
    assert.equal(plain.status, 200)
  })

  it('that cannot be kept is 400: a NUL or a lone surrogate, in values and keys', async () => {
    for (const text of [
      '"\\u0000"',
      '"\\ud800"',
      '"\\udc00\\ud800"',
      '{"a":{"b":["x\\uD83D"]}}',
      '{"\\u0000":1}',
      '{"\\ud800":1}',
    ]) {
      assert.equal(await refusal(text), '400 UNSTORABLE_TEXT', text)
    }
    const where = await post('{"a":{"b":["x\\uD83D"]}}')
    assert.match(String(where.body.detail), /a\.b\.0/)
  })

  it('nested too deeply is 400, at whatever depth, and never overflows the stack', async () => {
    const nested = (depth: number, open: string, close: string) =>
      `${open.repeat(depth)}1${close.repeat(depth)}`
    assert.equal((await post(nested(64, '[', ']'))).status, 200)
    for (const depth of [65, 10_000, 49_000]) {
      assert.equal(await refusal(nested(depth, '[', ']')), '400 TOO_DEEP', String(depth))
    }
    assert.equal(await refusal(nested(10_000, '{"a":', '}')), '400 TOO_DEEP')
    assert.equal(await refusal('['.repeat(1_000_000)), '400 TOO_MANY_PARTS')
    for (const text of ['['.repeat(1_000_000), nested(500_000, '[', ']')])
      assert.throws(() => parseJsonBody(Buffer.from(text)), /not valid JSON|nested deeper/)
  })

  it('cannot reach a prototype', async () => {
    for (const text of [
      '{"__proto__":{"admin":true}}',
      '[{"x":{"__proto__":1}}]',
      '{"\\u005f_proto__":1}',
      '{"constructor":{"prototype":{}}}',
    ]) {
      assert.equal(await refusal(text), '400 FORBIDDEN_KEY', text)
    }
    assert.equal((await post('{"constructor":"Bob the builder","prototype":1}')).status, 200)
  })

  it('larger than a megabyte is 413, announced or not', async () => {
    const big = JSON.stringify('x'.repeat(2_000_000))
    assert.equal(await refusal(big), '413 BODY_TOO_LARGE')
    assert.equal((await post(JSON.stringify('x'.repeat(1_048_574)))).status, 200, 'exactly a megabyte')
    assert.equal(await refusal(JSON.stringify('x'.repeat(1_048_575))), '413 BODY_TOO_LARGE', 'one more')
  })

  it('that is large is read in several turns of the event loop, and one after the other', async () => {
    const large = (mark: string) => Buffer.from(JSON.stringify({ mark, a: 'x'.repeat(900_000) }))
    const [first, second, third] = [large('first'), large('second'), large('third')]
    let turns = 0
    let reading = true
    const count = () => {
      turns++
      if (reading) setImmediate(count)
    }
    setImmediate(count)
    const handed: [string, number][] = []
    const read = async (body: Buffer) => {
      const value = (await parseLargeJsonBody(body)) as { mark: string; a: string }
      assert.equal(value.a.length, 900_000)
      handed.push([value.mark, turns])
      // The next one has not even been decoded.
      if (body === first) second.write('sec0nd', second.indexOf('second'))
    }
    const broken = assert.rejects(parseLargeJsonBody(Buffer.alloc(70_000, 'x')), /not valid JSON/)
    try {
      await Promise.all([broken, ...[first, second, third].map(read)])
    } finally {
      reading = false
    }
    assert.deepEqual(
      handed.map(([mark]) => mark),
      ['first', 'sec0nd', 'third'],
    )
    for (const [i, [mark, at]] of handed.entries())
      assert.ok(at - (handed[i - 1]?.[1] ?? 0) >= 4, `${mark} after ${at} turns`)
    assert.equal(isLargeBody(Buffer.alloc(65_536)), false)
    assert.equal(isLargeBody(Buffer.alloc(65_537)), true)
  })

  it('of more than 50,000 objects, arrays and named values is 400, whatever they are', async () => {
    const spaces = ' '.repeat(70_000)
    for (const [one, parts] of [
      ['{}', 1],
      ['[]', 1],
      ['{"a":1}', 2],
      ['[[1]]', 2],
    ] as const) {
      // The list of them is one too.
      const full = Array(Math.floor((MAX_PARTS - 1) / parts)).fill(one)
      assert.equal((await post(`[${full.join()}]${spaces}`)).status, 200, one)
      assert.equal(await refusal(`[${[...full, one].join()}]${spaces}`), '400 TOO_MANY_PARTS', one)
    }
    for (const text of ['[{:', '"[', '\\"{', '\\', '\\"']) {
      const value = { a: text.repeat(150_000), b: text }
      assert.deepEqual(
        (await post(JSON.stringify(value))).body,
        { got: value },
        `texts of ${text} are no parts`,
      )
    }
  })

  it('that is refused unread is read away, so that its answer is not lost, up to a limit', async () => {
    const big = 'x'.repeat(8_000_000)
    for (const [type, status] of [
      ['application/json', 413],
      ['text/plain', 415],
    ] as const) {
      const head = `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${big.length}\r\n\r\n`
      const next = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
      const answers = (await raw(server.port, head + big + next)).match(/HTTP\/1\.1 \d+/g)
      assert.deepEqual(answers, [`HTTP/1.1 ${status}`, 'HTTP/1.1 200'], type)
    }
    const endless = connect(server.port, '127.0.0.1')
    endless.on('error', () => {})
    endless.write(
      'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n',
    )
    let sent = 0
    const push = () => {
      while (!endless.destroyed && endless.write(Buffer.alloc(65_536))) sent += 65_536
    }
    endless.on('drain', push)
    push()
    await new Promise(resolve => endless.once('close', resolve))
    assert.ok(sent < 3 * MAX_DRAINED_BYTES, `${sent} bytes`)
  })

  it('of another type is 415', async () => {
    for (const type of [
      'text/plain',
      'application/xml',
      'application/jsonx',
      'application/x-www-form-urlencoded',
      'nonsense',
    ]) {
      assert.equal(await refusal('{}', type), '415 UNSUPPORTED_MEDIA_TYPE', type)
    }
  })

  it('takes the fast path only where the general path would find nothing', () => {
    const texts = ['{"a":1}', '"plain"', '[[1],[2]]', `[${'[],'.repeat(70)}1]`, '"\\\\u0000"', '"\\u0041"']
    for (const text of texts) assert.equal(jsonFault(parseJsonBody(Buffer.from(text))), null, text)
  })
})
