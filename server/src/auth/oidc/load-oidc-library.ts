// oidc-provider, loaded when somebody first signs in through the built-in issuer: its 250 modules are a fifth of what a start would load.

export type OidcLibrary = typeof import('oidc-provider')

/**
 * What it prints when it is loaded by a Node release that is not LTS yet: it goes by `process.release.lts` alone, which Node
 * sets half a year after the first release of a line. The line would stand in the log of a server whose Node was chosen by us.
 */
const NOT_LTS_YET = /^(?:\x1b\[[\d;]+m)?oidc-provider WARNING: Unsupported runtime/

let library: Promise<OidcLibrary> | undefined

export function oidcLibrary(): Promise<OidcLibrary> {
  // A failure to read its files may pass (no descriptors left, say): the next sign-in tries again.
  library ??= load().catch(error => {
    library = undefined
    throw error
  })
  return library
}

async function load(): Promise<OidcLibrary> {
  const { warn } = console
  console.warn = (...messages: readonly unknown[]) => {
    if (!NOT_LTS_YET.test(String(messages[0]))) warn(...messages)
  }
  try {
    return await import('oidc-provider')
  } finally {
    console.warn = warn
  }
}
