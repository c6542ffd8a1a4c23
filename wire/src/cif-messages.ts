// Messages between the script in a provider's page and the agent desktop that frames it. The first two go by
// window.postMessage, with the receiver's exact origin; everything after that through the port that the second hands over.

/** From the script to the page that frames it. Each page makes a new random `nonce`. */
export type Hello = { readonly standdown: 'hello'; readonly version: 1; readonly nonce: string }

/** The desktop's answer, with one MessagePort. Only the page that knows the nonce accepts it. */
export type Welcome = { readonly standdown: 'welcome'; readonly version: 1; readonly nonce: string }

export type HostCall = {
  readonly id: number
  readonly method: string
  readonly params: { readonly [name: string]: unknown }
}

export type HostAnswer =
  | { readonly id: number; readonly value: unknown }
  /** `code`: the documentation's `message`; `detail`: a sentence for people. */
  | { readonly id: number; readonly error: { readonly code: string; readonly detail: string } }

/** An event of the desktop, for the handlers of the page. */
export type HostEvent = { readonly event: string; readonly detail: unknown }
