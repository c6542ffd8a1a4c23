// Puts two objects on the page: Microsoft.CIFramework, beside whatever else is in window.Microsoft, and our own, Standdown. If the script is
// loaded twice, the first one stays.

import { CifFramework, type CifMethods, methodsOf } from './framework.ts'
import { findHostOrigin, HostLink } from './host-link.ts'

declare global {
  interface Window {
    Microsoft?: { CIFramework?: CifMethods }
    Standdown?: {
      /** The receipt of the last cancel by a token; null: there was none. */
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
  // Without a desktop it never comes, and pages that wait for it use their own screen instead. In a timer, because some clients register
  // their listener in a promise of the load event.
  void link.open().then(() => setTimeout(() => window.dispatchEvent(new CustomEvent('CIFInitDone'))))
}
