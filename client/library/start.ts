// Puts the framework on the page: Microsoft.CIFramework beside whatever else is in window.Microsoft, and Standdown, which
// is ours. Loaded twice, the first stays.

import { CifFramework, type CifMethods, methodsOf } from './framework.ts'
import { findHostOrigin, HostLink } from './host-link.ts'

declare global {
  interface Window {
    Microsoft?: { CIFramework?: CifMethods }
    Standdown?: {
      /** What the last cancel of a token did; null when there was none. */
      receipt(cancellationToken: string): Promise<unknown>
      /** The offers that are still open under a token, after this page was reloaded. notifyEvent with it joins them. */
      openOffers(cancellationToken: string): Promise<unknown>
    }
  }
}

if (!window.Microsoft?.CIFramework) {
  const script = document.currentScript instanceof HTMLScriptElement ? document.currentScript : null
  const link = new HostLink(findHostOrigin(script), (event, detail) => framework.tell(event, detail))
  const framework = new CifFramework(link)
  window.Microsoft = Object.assign(window.Microsoft ?? {}, { CIFramework: methodsOf(framework) })
  window.Standdown = {
    receipt: async cancellationToken => framework.ask('receipt', { cancellationToken }),
    openOffers: async cancellationToken => framework.ask('openOffers', { cancellationToken }),
  }
  link.open()
  // From a timer, not a microtask: some clients register their listener in the load event's promise.
  setTimeout(() => window.dispatchEvent(new CustomEvent('CIFInitDone')))
}
