// Lets code written for Wix run unchanged against Standdown: node --import ./examples/wix-preload.mjs app.mjs
// It sends what is meant for www.wixapis.com to STANDDOWN_URL, and makes `activations.cancelEvent(…)` and
// `auth.elevate(…)` work without a client, as they do inside Wix. Wants WIX_APP_ID, WIX_APP_SECRET, WIX_INSTANCE_ID.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const { STANDDOWN_URL, WIX_APP_ID, WIX_APP_SECRET, WIX_INSTANCE_ID } = process.env
const send = globalThis.fetch
globalThis.fetch = (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input)
  if (url.host !== 'www.wixapis.com') return send(input, init)
  const here = new URL(url.pathname + url.search, STANDDOWN_URL)
  return input instanceof Request ? send(new Request(here, input), init) : send(here, init)
}

// The application's own copy of the SDK, wherever this file lies.
const sdk = createRequire(join(process.cwd(), 'app.mjs')).resolve('@wix/sdk')
const { AppStrategy, createClient } = await import(pathToFileURL(sdk))
const auth = AppStrategy({ appId: WIX_APP_ID, appSecret: WIX_APP_SECRET, instanceId: WIX_INSTANCE_ID })
createClient({ auth }).enableContext('global')
createClient({ auth }).enableContext('global', { elevated: true })
