// HTML as text, and as HTML that may stand in a mail: pure functions, without the reading process.

import assert from 'node:assert/strict'
import test from 'node:test'
import { MAX_DEPTH, refuseDeepHtml } from '../../server/src/reader/html/gate.ts'
import { MAX_RESULT, readHtml } from '../../server/src/reader/html/read-html.ts'
import { safeHtml } from '../../server/src/reader/html/safe-html.ts'
import { textOfHtml } from '../../server/src/reader/html/text-of-html.ts'

const texts: readonly (readonly [what: string, html: string, text: string])[] = [
  [
    'a link keeps its target',
    '<a href="https://x.example/j?a=1&amp;b=2">Join</a> now',
    'Join <https://x.example/j?a=1&b=2> now',
  ],
  [
    'a link whose words are its target says it once',
    '<a href="https://x.example/">x.example</a>',
    'x.example',
  ],
  [
    'a link without words is its target',
    '<a href="https://x.example/a"><img src="y"></a>',
    'https://x.example/a',
  ],
  [
    'a mail address stands without its scheme',
    'Ask <a href="mailto:bob@x.example">Bob</a>',
    'Ask Bob <bob@x.example>',
  ],
  [
    'a mail address that is its own words stands once',
    '<a href="MAILTO:b@x.example">b@x.example</a>',
    'b@x.example',
  ],
  [
    'a telephone number',
    '<a href="tel:+49123">+49123</a>, <a href="tel:+49123">us</a>',
    '+49123, us <tel:+49123>',
  ],
  ['scripts are no targets', '<a href="javascript:alert(1)">Join</a>', 'Join'],
  [
    'scripts are no targets, however they are written',
    '<a href=" java\tscript&colon;alert(1)">a</a><a href="data:text/html,x">b</a><a href="vbscript:x">c</a><a href="file:///etc/passwd">d</a>',
    'abcd',
  ],
  [
    'targets inside of the page are left out',
    '<a href="#top">a</a> <a href="/b">b</a> <a href="">c</a> <a>d</a>',
    'a b c d',
  ],
  [
    'a target is one word and stays within its brackets',
    '<a href="https://x.example/a b>c">j</a>',
    'j <https://x.example/a%20b%3Ec>',
  ],
  [
    'line ends in a target make no line',
    '<a href="mailto:a@x.example?subject=b&#10;c d<e">j</a>',
    'j <mailto:a@x.example?subject=bc%20d%3Ce>',
  ],
  [
    'entities of all kinds',
    '&#x27;&eacute;&#8211;&amp;&lt;&nbsp;&copy;&euro;&unknown;&#0;&#xD800;',
    "'é–&< ©€&unknown;\ufffd\ufffd",
  ],
  [
    'paragraphs are lines, as Outlook writes them',
    '<p>one</p><p>two<br>three</p><p>&nbsp;</p><p>four</p>',
    'one\ntwo\nthree\n\nfour',
  ],
  ['more than one empty line is one', `a${'<br>'.repeat(9)}b`, 'a\n\nb'],
  ['blanks and line ends of the source do not count', '  a\r\n\t b  <b> c</b>\n', 'a b c'],
  ['lists', '<ul><li>a<li>b</ul><ol start="3"><li>c</li><li>d</li></ol>', ' * a\n * b\n 3. c\n 4. d'.trim()],
  [
    'rows are lines, cells are words',
    '<table><tr><th>When</th><td>now</td></tr><tr><td>Where</td><td>here</td></tr></table>',
    'When now\nWhere here',
  ],
  ['headings stand apart and are not shouted', '<h1>Agenda</h1>one', 'Agenda\n\none'],
  ['pictures are their words', 'See <img src="https://x.example/y.png" alt="the plan">', 'See the plan'],
  [
    'what nobody sees is not said',
    '<head><title>t</title><style>p{}</style></head><body><script>s()</script><!-- c -->a<template>x</template><noscript>n</noscript></body>',
    'a',
  ],
  ['nothing', '', ''],
  ['no HTML at all', 'a < b && c', 'a < b && c'],
]
for (const [what, html, text] of texts) {
  test(`text: ${what}`, () => assert.equal(textOfHtml(html), text))
}

test('text is well-formed, and PostgreSQL takes it, whatever characters are asked for', () => {
  const { text, html } = readHtml('&#0;&#x0;&#xD83D;&#xDE00;&#xDC00;&#1114112;&#99999999999;\u{1F600}')
  for (const made of [text, html])
    assert.ok(made.isWellFormed() && !made.includes('\0'), JSON.stringify(made))
})

const kept = [
  '<p dir="rtl">a <b>b</b> <i>c</i></p>',
  '<ul><li>a</li></ul>',
  '<table><tr><td colspan="2">a</td></tr></table>',
  '<a href="https://x.example/?a=1&amp;b=2">Join</a>',
  '<a href="mailto:a@x.example">a</a>',
]
for (const html of kept) {
  test(`HTML for a mail keeps ${html}`, () => {
    const browsers = safeHtml(html).replace(/<\/?tbody>/g, '')
    assert.equal(browsers, html)
  })
}

const tricks: readonly (readonly [what: string, html: string, made: string])[] = [
  ['script', 'a<script>alert(1)</script>b', 'ab'],
  ['a script that is not closed', 'a<script>alert(1)', 'a'],
  ['nested scripts', '<scr<script>ipt>alert(1)</scr</script>ipt>', 'ipt&gt;alert(1)ipt&gt;'],
  ['handlers', '<p onclick="x()" ONLOAD=x>a</p><img src=x onerror=alert(1)>', '<p>a</p>'],
  ['a handler behind a slash', '<b/onmouseover=alert(1)>a</b>', '<b>a</b>'],
  ['javascript:', '<a href="javascript:alert(1)">a</a>', '<a>a</a>'],
  [
    'javascript: in pieces',
    '<a href="&#x6A;ava\nscript:alert(1)">a</a><a href="\u0001javascript:x">b</a>',
    '<a>a</a><a>b</a>',
  ],
  ['another host without a scheme', '<a href="//evil.example">a</a>', '<a>a</a>'],
  ['data:', '<a href="data:text/html,<script>x</script>">a</a>', '<a>a</a>'],
  ['styles', '<style>@import "x"</style><p style="position:fixed">a</p>', '<p>a</p>'],
  ['a style behind a comment', '<style><!--</style><img src=x onerror=x>--></style>a', '--&gt;a'],
  ['svg', '<svg><script>alert(1)</script><a xlink:href="javascript:x"><text>a</text></a></svg>', '<a>a</a>'],
  ['svg with a style', '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">', '<p></p>'],
  [
    'math',
    '<math><mtext><table><mglyph><style><img src=x onerror=x></style></table></math>',
    '<table></table>',
  ],
  [
    'frames and forms',
    '<iframe src="https://x.example"></iframe><form action="https://x.example"><input name=p><button>a</button></form>',
    'a',
  ],
  ['pictures, which tell that a mail was read', '<img src="https://x.example/pixel.gif">a', 'a'],
  [
    'base and meta',
    '<base href="https://x.example"><meta http-equiv=refresh content="0;url=https://x.example">a',
    'a',
  ],
  ['what is not closed', '<div><b>a', '<div><b>a</b></div>'],
  ['what was not opened', '</div></body></html>a', 'a'],
]
for (const [what, html, made] of tricks) {
  test(`HTML for a mail is without ${what}`, () => assert.equal(safeHtml(html), made))
}

test(`the gate lets ${MAX_DEPTH} elements in one another pass, and not one more`, () => {
  const nested = (depth: number) => `${'<div>'.repeat(depth)}x${'</div>'.repeat(depth)}`
  refuseDeepHtml(nested(MAX_DEPTH).repeat(3))
  assert.throws(() => refuseDeepHtml(nested(MAX_DEPTH + 1)), { code: 'HTML_TOO_DEEP', status: 400 })
  assert.equal(readHtml(nested(MAX_DEPTH)).text, 'x')
})

test('the gate stops at what is too deep, and does not look at the rest', () => {
  // All of it would take a minute.
  assert.throws(() => refuseDeepHtml('<b>'.repeat(333_333)), { code: 'HTML_TOO_DEEP' })
})

test(`what comes out is at most ${MAX_RESULT} characters long`, () => {
  const lines = (count: number) => `${'<ul><li>'.repeat(20)}<pre>${'a\n'.repeat(count)}`
  assert.ok(readHtml(lines(40_000)).text.length > 1_500_000)
  assert.throws(() => readHtml(lines(60_000)), { code: 'HTML_TOO_LARGE', status: 400 })
})
