// A real browser for tests: an installed Chrome or Chromium first, else the one that npm brought (@sparticuz/chromium).
// Of that package only the binary and its libraries are used: its own list of flags switches off web security and site
// isolation, which are what the tests are about.
//
//   STANDDOWN_BROWSER=npm          the one from npm, even where one is installed
//   STANDDOWN_BROWSER=/path/to/it  this one

import { execFileSync } from 'node:child_process'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress } from 'node:zlib'
import { type Browser, chromium } from 'playwright-core'

const INSTALLED = [
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/opt/google/chrome/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

export type TestBrowser = AsyncDisposable & { readonly browser: Browser; readonly from: string }

export async function testBrowser(): Promise<TestBrowser> {
  const { path, env } = await findBrowser(process.env.STANDDOWN_BROWSER)
  const browser = await chromium.launch({
    executablePath: path,
    env: { ...process.env, ...env } as Record<string, string>,
    // Chromium refuses its own sandbox to root.
    chromiumSandbox: process.getuid?.() !== 0,
    args: ['--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking'],
  })
  return {
    browser,
    from: path,
    async [Symbol.asyncDispose]() {
      await browser.close()
    },
  }
}

type Found = { readonly path: string; readonly env: Readonly<Record<string, string>> }

async function findBrowser(wish: string | undefined): Promise<Found> {
  if (wish && wish !== 'npm') return { path: wish, env: {} }
  const installed = wish === 'npm' ? undefined : INSTALLED.find(path => existsSync(path))
  return installed ? { path: installed, env: {} } : unpackFromNpm()
}

/** Unpacked once per version; a half-unpacked one is never seen, since it is renamed into place. */
async function unpackFromNpm(): Promise<Found> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('no browser: install Chrome or Chromium, or name one in STANDDOWN_BROWSER')
  const packed = join(
    dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')),
    '..',
    '..',
    'bin',
  )
  const { version } = JSON.parse(readFileSync(join(packed, '..', 'package.json'), 'utf8')) as {
    version: string
  }
  const place = join(import.meta.dirname, '..', '..', '.tmp', `chromium-${version}`)
  if (!existsSync(place)) {
    await mkdir(dirname(place), { recursive: true })
    const draft = mkdtempSync(`${place}-`)
    await unbrotli(join(packed, 'chromium.br'), join(draft, 'chromium'))
    for (const name of ['al2023', 'fonts']) {
      await unbrotli(join(packed, `${name}.tar.br`), join(draft, `${name}.tar`))
      await mkdir(join(draft, name))
      execFileSync('tar', ['-xf', join(draft, `${name}.tar`), '-C', join(draft, name)])
    }
    try {
      renameSync(draft, place)
    } catch {
      // Another process was faster; its copy is as good.
      rmSync(draft, { recursive: true, force: true })
    }
  }
  return { path: join(place, 'chromium'), env: librariesIn(place) }
}

/** The package's own libraries and fonts only where the machine lacks them: two sets of libraries do not mix. */
function librariesIn(place: string): Readonly<Record<string, string>> {
  const env: Record<string, string> = {}
  if (!existsSync('/etc/fonts/fonts.conf')) env.FONTCONFIG_PATH = join(place, 'fonts')
  if (!hasLibrary('libnss3.so')) {
    const own = process.env.LD_LIBRARY_PATH
    env.LD_LIBRARY_PATH = [join(place, 'al2023', 'lib'), own].filter(Boolean).join(':')
  }
  return env
}

function hasLibrary(name: string): boolean {
  try {
    return execFileSync('ldconfig', ['-p'], { encoding: 'utf8' }).includes(name)
  } catch {
    // No ldconfig to ask.
    return false
  }
}

async function unbrotli(from: string, to: string): Promise<void> {
  await pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to, { mode: 0o700 }))
}
