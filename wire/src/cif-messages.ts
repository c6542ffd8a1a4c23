// Messages between the script in a provider's page and the agent desktop that frames it. The first two go by
// window.postMessage, with the receiver's exact origin; everything after that through the port that the second hands over.

/** The script asks the page around it. `nonce` is drawn anew by each page. */
export type Hello = { readonly standdown: 'hello'; readonly version: 1; readonly nonce: string }

/** The desktop's answer, with one MessagePort; only the page that knows the nonce takes it. */
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

/** Something happened in the desktop that handlers may want to hear of. */
export type HostEvent = { readonly event: string; readonly detail: unknown }
